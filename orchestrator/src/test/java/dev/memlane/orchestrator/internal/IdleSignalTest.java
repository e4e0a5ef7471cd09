package dev.memlane.orchestrator.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class IdleSignalTest {

  private final IdleSignal signal = new IdleSignal();

  @Test
  void awaited_withoutWork_isDone() {
    assertThat(signal.awaited()).isCompleted();
  }

  @Test
  void awaited_withWork_completesWithTheNotification() {
    signal.busy();
    CompletableFuture<Void> waiting = signal.awaited();
    signal.busy();

    Runnable notification = signal.idle();
    assertThat(waiting).isNotDone();
    notification.run();

    assertThat(waiting).isCompleted();
  }

  @Test
  void busy_betweenTheEndAndItsNotification_keepsLaterCallersWaiting() {
    signal.busy();
    CompletableFuture<Void> earlier = signal.awaited();
    Runnable notification = signal.idle();
    signal.busy();
    CompletableFuture<Void> later = signal.awaited();

    notification.run();

    assertThat(earlier).isCompleted();
    assertThat(later).isNotDone();
  }

  @Test
  void close_withWork_failsCallersNowAndLater() {
    signal.busy();
    CompletableFuture<Void> earlier = signal.awaited();

    signal.close("closed before the end");
    signal.idle().run();

    assertThat(earlier.exceptionNow()).isInstanceOf(StoreException.class).hasMessage("closed before the end");
    assertThat(signal.awaited().exceptionNow()).hasMessage("closed before the end")
        .isNotSameAs(earlier.exceptionNow());
  }

  @Test
  void close_withoutWork_leavesItDone() {
    signal.close("closed");
    signal.busy();

    assertThat(signal.awaited()).isCompleted();
  }
}
