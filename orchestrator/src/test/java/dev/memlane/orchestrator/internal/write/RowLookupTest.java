package dev.memlane.orchestrator.internal.write;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.CoreStore;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import java.lang.reflect.Proxy;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;

class RowLookupTest {

  private final Deque<CompletableFuture<Map<MemoryId, CoreRow>>> reads = new ArrayDeque<>();

  @Test
  void find_readThatFails_failsEachCallerWithAnExceptionOfItsOwn() {
    try (ScheduledExecutorService timer = Executors.newScheduledThreadPool(0)) {
      InstantSource clock = InstantSource.system();
      RowLookup lookup = RowLookup.withoutVectors(stores(),
          new Environment(Runnable::run, timer, clock, new TimeOrderedIds(clock)));
      var unused = lookup.find(new MemoryId(new UUID(0, 1)));
      CompletableFuture<Optional<CoreRow>> second = lookup.find(new MemoryId(new UUID(0, 2)));
      CompletableFuture<Optional<CoreRow>> third = lookup.find(new MemoryId(new UUID(0, 3)));

      reads.remove().complete(Map.of());
      StoreException shared = new StoreException("core is out of reach", null);
      reads.remove().completeExceptionally(shared);

      assertThat(second.exceptionNow()).isInstanceOf(StoreException.class).hasMessage(shared.getMessage())
          .hasCause(shared);
      assertThat(third.exceptionNow()).isInstanceOf(StoreException.class).hasMessage(shared.getMessage())
          .hasCause(shared).isNotSameAs(second.exceptionNow());
    }
  }

  /** Stores of which core alone is asked, and answers when the test does. */
  @SuppressWarnings("NullAway") // the other stores are not there
  private Stores stores() {
    CoreStore core = (CoreStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[]{CoreStore.class},
        (proxy, method, arguments) -> {
          CompletableFuture<Map<MemoryId, CoreRow>> read = new CompletableFuture<>();
          reads.add(read);
          return read;
        });
    return new Stores(null, core, null, null);
  }
}
