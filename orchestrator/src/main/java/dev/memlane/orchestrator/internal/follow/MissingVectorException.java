package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.Memory;
import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** The failure of following a memory for which core holds no vector by the present model. */
final class MissingVectorException extends StoreException {

  final transient Memory memory;

  MissingVectorException(Memory memory) {
    this(memory, null);
  }

  private MissingVectorException(Memory memory, @Nullable Throwable cause) {
    super("memory " + memory.id() + " has no vector by this model yet", cause);
    this.memory = memory;
  }

  @Override
  public MissingVectorException copy() {
    return new MissingVectorException(memory, this);
  }
}
