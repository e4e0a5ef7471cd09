package dev.memlane.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A live memory as a reader reads it.
 *
 * @param embedding its vector by the model that was asked for; null if none was asked for, or there is none
 */
public record StoredMemory(Memory memory, @Nullable Embedding embedding) {

  public StoredMemory {
    Objects.requireNonNull(memory, "memory");
  }
}
