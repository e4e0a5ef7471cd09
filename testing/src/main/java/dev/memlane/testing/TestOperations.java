package dev.memlane.testing;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import java.time.Instant;
import java.util.UUID;

/** Operations for tests of stores. */
public final class TestOperations {

  /** The model and dimension of all vectors here. */
  public static final String MODEL = "test-4";
  public static final int DIMENSION = 4;

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private TestOperations() {}

  public static MemoryId newId() {
    return new MemoryId(UUID.randomUUID());
  }

  public static OperationId newOp() {
    return new OperationId(UUID.randomUUID());
  }

  /** A vector that depends only on the text. */
  public static Embedding embedding(String text) {
    int hash = text.hashCode();
    return new Embedding(MODEL,
        new float[]{1 + (hash & 0xff), hash >> 8 & 0xff, hash >> 16 & 0xff, hash >>> 24});
  }

  public static Operation add(String content) {
    return add(newId(), content, Scope.user("ada"), Metadata.empty());
  }

  public static Operation add(MemoryId id, String content, Scope scope, Metadata metadata) {
    return add(memory(id, content, scope, metadata));
  }

  public static Operation add(Memory memory) {
    return new Operation(memory.op(), Operation.Kind.ADD, memory.id(), null, memory,
        embedding(memory.searchableText()), memory.actor(), memory.createdAt());
  }

  public static Memory memory(MemoryId id, String content, Scope scope, Metadata metadata) {
    return new Memory(id, scope, null, null, content, metadata, null, START, START, null, 1, newOp());
  }

  /** An add over a void row. */
  public static Operation addOver(CoreRow voidRow, String content) {
    Memory memory = memory(voidRow.id(), content, Scope.user("ada"), Metadata.empty());
    return new Operation(memory.op(), Operation.Kind.ADD, memory.id(), voidRow, memory, embedding(content), null,
        START);
  }

  /** An update of a live row. */
  public static Operation update(CoreRow before, String content) {
    Memory old = requireMemory(before);
    OperationId op = newOp();
    Instant at = old.updatedAt().plusSeconds(60);
    Memory after = new Memory(old.id(), old.scope(), old.key(), old.actor(), content, old.metadata(), old.occurredAt(),
        old.createdAt(), at, old.expiresAt(), before.version() + 1, op);
    return new Operation(op, Operation.Kind.UPDATE, old.id(), before, after, embedding(content), "editor", at);
  }

  /** A delete of a live row. */
  public static Operation delete(CoreRow before) {
    return new Operation(newOp(), Operation.Kind.DELETE, before.id(), before, null, null, "remover",
        requireMemory(before).updatedAt().plusSeconds(60));
  }

  private static Memory requireMemory(CoreRow row) {
    Memory memory = row.memory();
    if (memory == null) {
      throw new IllegalArgumentException("not live: " + row);
    }
    return memory;
  }
}
