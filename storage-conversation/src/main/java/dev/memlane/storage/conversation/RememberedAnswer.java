package dev.memlane.storage.conversation;

import java.util.Objects;

/**
 * What a model has answered for a slice.
 *
 * @param step what was asked, at most {@value #LONGEST_STEP} characters
 * @param attempt how often that had been asked, with this time; at least 1
 * @param shown JSON of the caller's: which memories the model was shown
 * @param answer what it answered
 * @param end why the answer ends there
 */
public record RememberedAnswer(String step, int attempt, String shown, String answer, End end) {

  /** The longest name of a step. */
  public static final int LONGEST_STEP = 100;

  /** Why an answer ends. */
  public enum End {
    COMPLETE, CUT_OFF, REFUSED
  }

  public RememberedAnswer {
    Objects.requireNonNull(shown, "shown");
    Objects.requireNonNull(answer, "answer");
    Objects.requireNonNull(end, "end");
    if (step.isEmpty() || step.length() > LONGEST_STEP || attempt < 1) {
      throw new IllegalArgumentException("a step has a name of 1 to " + LONGEST_STEP + " characters, and an attempt a "
          + "number from 1 on");
    }
  }

  /** Without the texts, which belong in no log. */
  @Override
  public String toString() {
    return "RememberedAnswer[" + step + ", " + attempt + ", " + end + "]";
  }
}
