package dev.memlane.orchestrator.exploration;

import dev.memlane.model.StoreResult;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.testing.StoresContract;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The simulated stores keep the contract of the real ones, here with every request executed at once. */
class SimulatedStoresTest extends StoresContract {

  @Override
  protected Opened open() {
    SimulatedDatabase database = new SimulatedDatabase(Set.of());
    SimulatedStores stores = new SimulatedStores(database, Set.of(), new AtOnce(database));
    return new Opened(stores.units(), stores.core(), stores.history());
  }

  /** Executes and answers each request when it is made, one at a time. */
  private record AtOnce(SimulatedDatabase database) implements SimulatedStores.Network {

    @Override
    public void send(SimulatedUnit unit) {
      synchronized (database) {
        if (!unit.deadline().isAfter(Instant.now())) {
          unit.answerAll(new StoreResult.NotApplied(new SimulatedFailure("too late")));
          return;
        }
        try {
          unit.answer(unit.execute());
        } catch (SimulatedFailure e) {
          unit.answerAll(new StoreResult.NotApplied(e));
        }
      }
    }

    @Override
    public <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
      synchronized (database) {
        return CompletableFuture.completedFuture(query.get());
      }
    }

    @Override
    public ChangeFeed follow(int from) {
      int[] position = {from};
      return new ChangeFeed() {
        @Override
        public CompletableFuture<Changes> poll() {
          synchronized (database) {
            Changes changes = database.changesSince(position[0]);
            position[0] = database.changes();
            return CompletableFuture.completedFuture(changes);
          }
        }

        @Override
        public void close() {
          // Nothing is held.
        }
      };
    }
  }
}
