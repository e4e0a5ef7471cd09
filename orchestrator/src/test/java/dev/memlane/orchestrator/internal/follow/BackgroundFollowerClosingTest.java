package dev.memlane.orchestrator.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.testing.ManualScheduler;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class BackgroundFollowerClosingTest {

  private final ManualScheduler timer = new ManualScheduler();
  private final InstantSource clock = () -> Instant.EPOCH.plusNanos(timer.nanoTime());

  @Test
  void close_withAQueuedMemory_failsEachWaiterWithAnExceptionOfItsOwn() {
    BackgroundFollower background = new BackgroundFollower(memory -> new CompletableFuture<>(),
        new Environment(Runnable::run, timer, clock, new TimeOrderedIds(clock)));
    background.follow(new MemoryId(new UUID(0, 1)), null);
    CompletableFuture<Void> first = background.followed();
    CompletableFuture<Void> second = background.followed();
    assertThat(first).isNotDone();

    background.close();

    assertThat(first.exceptionNow()).isInstanceOf(StoreException.class)
        .hasMessageContaining("closed before the index agreed");
    assertThat(second.exceptionNow()).isInstanceOf(StoreException.class).hasMessage(first.exceptionNow().getMessage())
        .isNotSameAs(first.exceptionNow());
  }
}
