package dev.memlane.storage.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.ArrayArguments;
import dev.memlane.storage.postgres.Database;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jdbi.v3.core.HandleCallback;

/**
 * Reads of live memories by id, many in one statement. A statement costs more than the few rows that a search needs.
 *
 * <p>
 * Requests that come while a statement runs go out with the next one: nothing waits while no statement runs. Safe for
 * use by several threads.
 */
final class SharedReads {

  /** While one statement is being answered, the other is being computed. */
  private static final int MOST_AT_ONCE = 2;
  /** The most ids in a statement, unless one request alone has more. */
  private static final int MOST_IDS = 1_000;
  /** The most requests that wait; beyond it, each is read by itself. */
  private static final int MOST_WAITING = 10_000;

  private final Database database;

  @GuardedBy("this")
  private final Deque<Request> waiting = new ArrayDeque<>();
  @GuardedBy("this")
  private int running;

  private record Request(List<MemoryId> ids, CompletableFuture<Map<MemoryId, Memory>> result) {}

  SharedReads(Database database) {
    this.database = database;
  }

  /**
   * Reads live memories, whether or not they have expired.
   *
   * @return those that are there, with others' too; fails with a {@link StoreException}
   */
  CompletableFuture<Map<MemoryId, Memory>> read(Collection<MemoryId> ids) {
    Request request = new Request(List.copyOf(ids), new CompletableFuture<>());
    synchronized (this) {
      if (running == MOST_AT_ONCE && waiting.size() < MOST_WAITING) {
        waiting.add(request);
        return request.result;
      }
      running++;
    }
    run(List.of(request));
    return request.result;
  }

  private void run(List<Request> requests) {
    Set<MemoryId> ids = new LinkedHashSet<>();
    requests.forEach(request -> ids.addAll(request.ids));
    CompletableFuture<Map<MemoryId, Memory>> rows;
    try {
      rows = database.read("reading memories", select(List.copyOf(ids)));
    } catch (RuntimeException e) {
      rows = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<?> unused = rows.whenComplete((found, failure) -> {
      runNext();
      requests.forEach(request -> {
        if (failure == null) {
          request.result.complete(found);
        } else {
          request.result.completeExceptionally(ownCopy(failure));
        }
      });
    });
  }

  private void runNext() {
    List<Request> next = new ArrayList<>();
    synchronized (this) {
      int ids = 0;
      for (Request first = waiting.peek(); first != null
          && (next.isEmpty() || ids + first.ids.size() <= MOST_IDS); first = waiting.peek()) {
        ids += first.ids.size();
        next.add(waiting.remove());
      }
      if (next.isEmpty()) {
        running--;
        return;
      }
    }
    run(next);
  }

  /** Each caller gets an exception of its own. */
  private static Throwable ownCopy(Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    return cause instanceof StoreException store ? store.copy() : cause;
  }

  private static HandleCallback<Map<MemoryId, Memory>, RuntimeException> select(List<MemoryId> ids) {
    return handle -> {
      Map<MemoryId, Memory> found = new HashMap<>();
      handle.createQuery(PostgresCoreStore.LIVE_BY_ID).bind("ids", ArrayArguments.uuids(ids, MemoryId::value))
          .map((row, context) -> RowMapper.memory(row)).forEach(memory -> found.put(memory.id(), memory));
      return found;
    };
  }
}
