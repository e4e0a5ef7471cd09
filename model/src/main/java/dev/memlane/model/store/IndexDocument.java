package dev.memlane.model.store;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import java.util.Objects;

/** The content of one document in the index: one state of a memory, and its vector. */
public record IndexDocument(Memory memory, Embedding embedding) {

  public IndexDocument {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(embedding, "embedding");
  }

  public DocumentName name() {
    return new DocumentName(memory.id(), memory.op());
  }
}
