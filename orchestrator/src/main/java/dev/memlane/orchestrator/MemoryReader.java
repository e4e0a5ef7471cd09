package dev.memlane.orchestrator;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoredMemory;
import dev.memlane.storage.core.RangeReader;
import dev.memlane.storage.postgres.Database;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A client that only reads live memories from core, for jobs that run on many machines: it has neither an index nor an
 * embedder, and opens in well under a second, however many memories there are.
 *
 * <p>
 * <b>Promises.</b> Pages are in order of id, and an id never changes. So the pages of a selection contain each memory that
 * matches throughout exactly once, in one of the states that it had during the reading. A memory that is stored or deleted
 * during the reading may be among them or not. Deleted memories are not read. Safe for use by several threads.
 */
public final class MemoryReader implements AutoCloseable {

  /** The longest page. */
  public static final int LONGEST_PAGE = 10_000;

  private final Database database;
  private final RangeReader ranges;

  MemoryReader(Database database) {
    this.database = database;
    this.ranges = new RangeReader(database);
  }

  /**
   * Divides all memories into ranges of ids with about as many memories each, for readers that share the work.
   *
   * @param most the most ranges, from 1 to 10,000
   * @return the selections, which have no id in common and together have all; at least one, and fewer than asked for where
   * there are few memories. Fails with a {@link StoreException}
   * @throws InvalidInputException if the number is out of its range
   */
  public CompletableFuture<List<MemorySelection>> divide(int most) {
    if (most < 1 || most > RangeReader.MOST_RANGES) {
      throw new InvalidInputException(
          "the number of ranges is " + most + "; it must be from 1 to " + RangeReader.MOST_RANGES);
    }
    return ranges.boundaries(most).thenApply(MemoryReader::between);
  }

  private static List<MemorySelection> between(List<MemoryId> boundaries) {
    List<MemorySelection> selections = new ArrayList<>();
    MemoryId from = null;
    for (MemoryId boundary : boundaries) {
      selections.add(MemorySelection.all().between(from, boundary));
      from = boundary;
    }
    selections.add(MemorySelection.all().between(from, null));
    return List.copyOf(selections);
  }

  /**
   * Reads a page of memories, in order of id.
   *
   * @param after the last id of the page before, or null for the first page
   * @param limit the most memories, from 1 to {@value #LONGEST_PAGE}
   * @return a shorter page is the last one. Fails with a {@link StoreException}
   * @throws InvalidInputException if the limit is out of its range
   */
  public CompletableFuture<List<StoredMemory>> page(MemorySelection selection, @Nullable MemoryId after, int limit) {
    if (limit < 1 || limit > LONGEST_PAGE) {
      throw new InvalidInputException("the limit is " + limit + "; it must be from 1 to " + LONGEST_PAGE);
    }
    return ranges.page(selection, after, limit);
  }

  /** The names of the models of which the database has vectors, or had some; fails with a {@link StoreException}. */
  public CompletableFuture<Set<String>> models() {
    return ranges.models();
  }

  /** Closes the connections. Closing again does nothing. */
  @Override
  public void close() {
    database.close();
  }

  @Override
  public String toString() {
    return "MemoryReader over " + database;
  }
}
