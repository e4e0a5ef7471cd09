package dev.memlane.orchestrator.internal.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.CoreRow;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.Stores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A batching reader of core's rows. Requests that arrive while a read is under way go out with the next one.
 *
 * <p>
 * Invariant: {@code reading} is true exactly while a read is under way, and then all requests wait in {@code waiting}. The
 * admission of writes bounds its length. Safe for use by several threads.
 */
final class RowLookup {

  /** How many rows one read asks for at most. */
  private static final int BATCH = 1_000;

  private final Stores stores;
  private final Environment environment;
  private final boolean vectors;

  @GuardedBy("this")
  private List<Request> waiting = new ArrayList<>();

  @GuardedBy("this")
  private boolean reading;

  private record Request(MemoryId id, CompletableFuture<Optional<CoreRow>> row) {}

  private RowLookup(Stores stores, Environment environment, boolean vectors) {
    this.stores = stores;
    this.environment = environment;
    this.vectors = vectors;
  }

  /** Makes one that reads rows without their vectors. */
  static RowLookup withoutVectors(Stores stores, Environment environment) {
    return new RowLookup(stores, environment, false);
  }

  /** Makes one that reads rows with their vectors. */
  static RowLookup withVectors(Stores stores, Environment environment) {
    return new RowLookup(stores, environment, true);
  }

  /**
   * Reads the row as it is at some moment after this call.
   *
   * @return fails if core can't be read
   */
  CompletableFuture<Optional<CoreRow>> find(MemoryId id) {
    Request request = new Request(id, new CompletableFuture<>());
    synchronized (this) {
      waiting.add(request);
      if (reading) {
        return request.row;
      }
      reading = true;
    }
    readNext();
    return request.row;
  }

  private void readNext() {
    List<Request> batch;
    synchronized (this) {
      if (waiting.isEmpty()) {
        reading = false;
        return;
      }
      int count = Math.min(BATCH, waiting.size());
      batch = List.copyOf(waiting.subList(0, count));
      waiting = new ArrayList<>(waiting.subList(count, waiting.size()));
    }
    // Inside the chain, so that an exception that core throws fails this batch only and the next one is read.
    CompletableFuture<Map<MemoryId, CoreRow>> rows = CompletableFuture.completedFuture(batch)
        .thenCompose(requests -> stores.core().read(requests.stream().map(Request::id).distinct().toList(), vectors));
    environment.whenDone(rows, (found, failure) -> {
      readNext();
      for (Request request : batch) {
        if (failure == null) {
          request.row.complete(Optional.ofNullable(found.get(request.id)));
        } else {
          request.row.completeExceptionally(Futures.own(failure));
        }
      }
    });
  }
}
