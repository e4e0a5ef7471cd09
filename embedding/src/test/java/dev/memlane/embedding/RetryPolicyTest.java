package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.endpoints.Failure;
import dev.memlane.model.Embedding;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {

  private static final long NOW = 1_000;

  private final RetryPolicy policy = new RetryPolicy(3, Duration.ofMillis(100));
  private final List<PendingText> texts = Stream.of("a", "b", "c").map(RetryPolicyTest::text).toList();

  private static PendingText text(String text) {
    return new PendingText(EmbedderInput.text(text), null, null, 1, 0, new PendingText.Owner() {
      @Override
      public void embedded(PendingText pending, Embedding embedding) {}

      @Override
      public void ended(PendingText pending) {}
    });
  }

  private Batch sent(int times) {
    return new Batch(texts, times, Map.of("west", 5L));
  }

  @Test
  void afterFailure_attemptsLeft_sendsTheWholeAfterAPauseAtThatEndpoint() {
    Batch again = policy.afterFailure(sent(2), Failure.BUSY, "east", NOW).getFirst();

    assertThat(again.texts()).isEqualTo(texts);
    assertThat(again.attempts()).isEqualTo(2);
    assertThat(again.notBefore()).containsEntry("west", 5L);
    assertThat(again.notBefore().get("east")).isBetween(NOW + 100_000_000L, NOW + 200_000_000L);
  }

  @Test
  void afterFailure_denied_doesNotCountTheAttempt() {
    assertThat(policy.afterFailure(sent(3), Failure.DENIED, "east", NOW)).singleElement()
        .satisfies(again -> assertThat(again.attempts()).isEqualTo(2));
  }

  @Test
  void afterFailure_lastAttempt_sendsHalvesOnceMore() {
    List<Batch> halves = policy.afterFailure(sent(3), Failure.UNAVAILABLE, "east", NOW);

    assertThat(halves).containsExactly(new Batch(texts.subList(0, 1), 3, Map.of()),
        new Batch(texts.subList(1, 3), 3, Map.of()));
  }

  @Test
  void afterFailure_refused_sendsHalvesWithoutCountingTheAttempt() {
    assertThat(policy.afterFailure(sent(1), Failure.REFUSED, "east", NOW)).hasSize(2)
        .allSatisfy(half -> assertThat(half.attempts()).isZero());
  }

  @Test
  void afterFailure_timedOutAtLastAttempt_givesUp() {
    assertThat(policy.afterFailure(sent(3), Failure.TIMED_OUT, "east", NOW)).isEmpty();
  }

  @Test
  void afterFailure_singleTextRefused_givesUp() {
    Batch single = new Batch(texts.subList(0, 1), 1, Map.of());

    assertThat(policy.afterFailure(single, Failure.REFUSED, "east", NOW)).isEmpty();
  }
}
