package dev.memlane.model;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which live memories a reader reads, and whether with their vectors. Immutable.
 *
 * @param from the first id of the range, or null for no lower bound
 * @param to the id before which the range ends, or null for no upper bound
 * @param scope the scope in which the memories are, or null for all scopes
 * @param ids the memories' ids, or null for any; at most {@value #MOST_IDS}
 * @param unexpiredAt leaves out memories that have expired by then; null leaves out none
 * @param vectors the name of the model whose vectors are read as well, or null for none
 */
public record MemorySelection(@Nullable MemoryId from, @Nullable MemoryId to, @Nullable Scope scope,
    @Nullable List<MemoryId> ids, @Nullable Instant unexpiredAt, @Nullable String vectors) {

  /** The most ids that a selection lists. */
  public static final int MOST_IDS = 10_000;

  private static final MemorySelection ALL = new MemorySelection(null, null, null, null, null, null);

  /**
   * @throws InvalidInputException if there are too many ids
   */
  public MemorySelection {
    if (ids != null) {
      if (ids.size() > MOST_IDS) {
        throw new InvalidInputException(
            "a selection lists " + ids.size() + " ids; the limit is " + MOST_IDS + ": read them in parts");
      }
      ids = List.copyOf(ids);
    }
  }

  /** All live memories, expired or not, without vectors. */
  public static MemorySelection all() {
    return ALL;
  }

  /** The same, of ids from {@code first} to just before {@code end}; null is no bound. */
  public MemorySelection between(@Nullable MemoryId first, @Nullable MemoryId end) {
    return new MemorySelection(first, end, scope, ids, unexpiredAt, vectors);
  }

  /** The same, in a scope. */
  public MemorySelection in(@Nullable Scope newScope) {
    return new MemorySelection(from, to, newScope, ids, unexpiredAt, vectors);
  }

  /** The same, among these ids. */
  public MemorySelection among(Collection<MemoryId> newIds) {
    return new MemorySelection(from, to, scope, List.copyOf(newIds), unexpiredAt, vectors);
  }

  /** The same, without memories that have expired by this time. */
  public MemorySelection unexpiredAt(Instant time) {
    return new MemorySelection(from, to, scope, ids, time, vectors);
  }

  /** The same, with the vectors that a model made. */
  public MemorySelection withVectors(String model) {
    return new MemorySelection(from, to, scope, ids, unexpiredAt, model);
  }
}
