package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CompletionQueueTest {

  private final CompletionQueue<Integer> ended = new CompletionQueue<>();

  @Test
  void await_itemsAddedBefore_countsOnlyThoseNotTaken() throws Exception {
    ended.add(1);
    ended.add(2);
    assertThat(ended.poll()).isEqualTo(1);
    ended.await(1);
    assertThat(ended.poll()).isEqualTo(2);
    assertThat(ended.poll()).isNull();

    Thread adding = Thread.ofVirtual().start(() -> ended.add(3));
    ended.await(1);

    assertThat(ended.poll()).isEqualTo(3);
    adding.join();
  }

  @Test
  void await_concurrentAdds_wakesUpForAll() throws Exception {
    try (ExecutorService others = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 2_000; round++) {
        for (int i = 0; i < 3; i++) {
          int one = i;
          others.execute(() -> ended.add(one));
        }
        ended.await(3);
        List<Integer> taken = new ArrayList<>();
        for (Integer one = ended.poll(); one != null; one = ended.poll()) {
          taken.add(one);
        }
        assertThat(taken).containsExactlyInAnyOrder(0, 1, 2);
      }
    }
  }

  @Test
  void await_interrupted_throws() {
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> ended.await(1)).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }
}
