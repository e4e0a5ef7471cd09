package dev.memlane.orchestrator.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryLocksTest {

  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");
  private static final MemoryId ONE = new MemoryId(new UUID(0, 1));
  private static final MemoryId OTHER = new MemoryId(new UUID(0, 2));

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final MemoryLocks locks = new MemoryLocks(
      new Environment(Runnable::run, timer, InstantSource.system(), new TimeOrderedIds(InstantSource.system())));

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  @Test
  void recording_whatIsLockedWhenItBegins_isRecorded() {
    MemoryLocks.MemoryLock lock = locks.take(ONE, LATER).join();
    try (MemoryLocks.Recording recording = locks.record()) {
      lock.close();

      assertThat(recording.soFar()).containsExactly(ONE);
    }
  }

  @Test
  void recording_whatIsLockedMeanwhile_isRecordedInEitherWay() {
    try (MemoryLocks.Recording recording = locks.record()) {
      locks.take(ONE, LATER).join().close();
      Objects.requireNonNull(locks.tryTake(OTHER)).close();

      assertThat(recording.soFar()).containsExactlyInAnyOrder(ONE, OTHER);
    }
  }

  @Test
  void recording_whatIsUnlockedBeforeOrLockedAfterIt_isNotRecorded() {
    locks.take(ONE, LATER).join().close();
    MemoryLocks.Recording recording = locks.record();
    recording.close();
    locks.take(OTHER, LATER).join().close();

    assertThat(recording.soFar()).isEmpty();
    assertThat(recording.isClosed()).isTrue();
  }

  @Test
  void recordings_atTheSameTime_areIndependent() {
    try (MemoryLocks.Recording first = locks.record()) {
      locks.take(ONE, LATER).join().close();
      try (MemoryLocks.Recording second = locks.record()) {
        locks.take(OTHER, LATER).join().close();

        assertThat(first.soFar()).containsExactlyInAnyOrder(ONE, OTHER);
        assertThat(second.soFar()).containsExactly(OTHER);
      }
    }
  }
}
