package dev.memlane.orchestrator.internal.write;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.testing.ManualScheduler;
import dev.memlane.testing.TestOperations;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SettlerTest {

  private final ManualScheduler timer = new ManualScheduler();
  private final InstantSource clock = () -> Instant.EPOCH.plusNanos(timer.nanoTime());

  @Test
  @SuppressWarnings("NullAway") // the database never answers, so the index is never used
  void close_withAnUnsettledOperation_failsEachWaiterWithAnExceptionOfItsOwn() {
    Environment environment = new Environment(Runnable::run, timer, clock, new TimeOrderedIds(clock));
    Settler settler = new Settler(new InDoubtResolver(silentStores(), environment), null, environment);
    settler.settleInBackground(TestOperations.add("Ada plays the oboe"));
    CompletableFuture<Void> first = settler.settled();
    CompletableFuture<Void> second = settler.settled();
    assertThat(first).isNotDone();

    settler.close();

    assertThat(first.exceptionNow()).isInstanceOf(StoreException.class)
        .hasMessageContaining("closed before every write was settled");
    assertThat(second.exceptionNow()).isInstanceOf(StoreException.class).hasMessage(first.exceptionNow().getMessage())
        .isNotSameAs(first.exceptionNow());
  }

  /** A database that never answers. */
  @SuppressWarnings("NullAway") // the index is not used
  private Stores silentStores() {
    CompletableFuture<StoreResult> silence = new CompletableFuture<>();
    Unit unit = silent(Unit.class, silence);
    Units units = (kind, memory, op, deadline) -> unit;
    return new Stores(units, silent(CoreStore.class, silence), silent(HistoryStore.class, silence), null);
  }

  private static <T> T silent(Class<T> contract, CompletableFuture<StoreResult> silence) {
    return contract.cast(Proxy.newProxyInstance(contract.getClassLoader(), new Class<?>[]{contract},
        (proxy, method, arguments) -> silence));
  }
}
