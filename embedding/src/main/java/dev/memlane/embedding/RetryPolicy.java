package dev.memlane.embedding;

import dev.memlane.endpoints.Backoff;
import dev.memlane.endpoints.Failure;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rule for a batch whose request failed: send it again, send it in halves, or give it up.
 *
 * <p>
 * A batch that may succeed is sent again as a whole, to another endpoint at once or to the same after a pause. After
 * its last attempt, or after a failure that may be its own fault, it is sent in halves, until the text at fault is
 * alone. A batch that timed out for the last time is not halved: each half could take the time-out again.
 *
 * @param attempts how often a batch is sent as a whole at most
 * @param firstPause how long an endpoint doesn't get a batch again that it failed once; doubles with each attempt
 */
record RetryPolicy(int attempts, Duration firstPause) {

  /**
   * Returns what to send, in this order; nothing if the batch is given up.
   *
   * @param sent the batch; its attempts include the one that failed
   * @param endpoint the name of the endpoint that failed it
   * @param now the time by the endpoints' clock, in nanoseconds
   */
  List<Batch> afterFailure(Batch sent, Failure failure, String endpoint, long now) {
    if (failure == Failure.DENIED || (failure.isRetryable() && hasAttemptsLeft(sent))) {
      return List.of(whole(sent, failure, endpoint, now));
    }
    if (sent.size() == 1 || failure == Failure.TIMED_OUT) {
      return List.of();
    }
    // A refusal says nothing about the halves, so it doesn't count. After the last attempt each half gets one more.
    int counted = failure.isRetryable() ? sent.attempts() : sent.attempts() - 1;
    int middle = sent.size() / 2;
    return List.of(new Batch(sent.texts().subList(0, middle), counted, Map.of()),
        new Batch(sent.texts().subList(middle, sent.size()), counted, Map.of()));
  }

  boolean hasAttemptsLeft(Batch sent) {
    return sent.attempts() < attempts;
  }

  private Batch whole(Batch sent, Failure failure, String endpoint, long now) {
    Map<String, Long> notBefore = new HashMap<>(sent.notBefore());
    notBefore.put(endpoint, now + new Backoff(firstPause).pause(sent.attempts()).toNanos());
    // A denied key says nothing about the request, so it doesn't count. Each takes an endpoint out, so this ends.
    int counted = failure == Failure.DENIED ? sent.attempts() - 1 : sent.attempts();
    return new Batch(sent.texts(), counted, notBefore);
  }
}
