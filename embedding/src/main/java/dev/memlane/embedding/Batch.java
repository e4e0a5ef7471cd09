package dev.memlane.embedding;

import dev.memlane.endpoints.Demand;
import dev.memlane.model.listen.Activity;
import java.util.List;
import java.util.Map;

/**
 * Texts that go into one request.
 *
 * @param texts at least one, except while the queue removes texts; either all are questions or none is
 * @param attempts how often they were sent together
 * @param notBefore per endpoint that failed them, the time from which it may get them again, by the endpoints' clock
 */
record Batch(List<PendingText> texts, int attempts, Map<String, Long> notBefore) {

  /** A batch of texts that were never sent. */
  static Batch unsent(List<PendingText> texts) {
    return new Batch(texts, 0, Map.of());
  }

  int size() {
    return texts.size();
  }

  List<String> strings() {
    return texts.stream().map(pending -> pending.input.text()).toList();
  }

  /** Whether the texts are embedded as questions. */
  boolean ofQuestions() {
    return texts.getFirst().input.question();
  }

  /** The activities of the callers to which somebody listens. */
  List<Activity> activities() {
    List<Activity> activities = List.of();
    for (PendingText pending : texts) {
      activities = pending.activities(activities);
    }
    return activities;
  }

  long tokens() {
    return texts.stream().mapToLong(pending -> pending.tokens).sum();
  }

  /** Some of the texts, with the same past. */
  Batch part(int from, int to) {
    return new Batch(texts.subList(from, to), attempts, notBefore);
  }

  /** The same batch, sent once more. */
  Batch sent() {
    return new Batch(texts, attempts + 1, notBefore);
  }

  /** The same batch without the texts that no caller wants, which end. */
  Batch wanted() {
    return new Batch(texts.stream().filter(pending -> !pending.endIfUnwanted()).toList(), attempts, notBefore);
  }

  /** Whether every endpoint may have it by now. */
  boolean isDue(long now) {
    return notBefore.values().stream().allMatch(at -> at <= now);
  }

  Demand demand() {
    PendingText first = texts.getFirst();
    return new Demand(first.tokens, tokens(), first.workClass, notBefore);
  }
}
