package dev.memlane.storage.conversation;

import java.time.Instant;
import java.util.List;

/**
 * A slice that could not be remembered: a dead letter.
 *
 * @param step the step that failed
 * @param failure why, in words for people
 * @param failedAt since when it is a dead letter
 * @param answers what the model had answered by then, also in the steps before
 */
public record UnrememberedSlice(RememberedSlice slice, String step, String failure, Instant failedAt,
    List<RememberedAnswer> answers) {

  public UnrememberedSlice {
    answers = List.copyOf(answers);
  }
}
