package dev.memlane.storage.tasks;

import dev.memlane.lanes.LaneException;
import dev.memlane.model.InvalidInputException;
import java.util.ArrayList;
import java.util.List;

/** The failures of attempts, as they are kept: texts for people, of which there are only so many. */
final class TaskFailures {

  /** The most characters of one failure, and the most failures of a task that are kept. */
  static final int LONGEST = 2_000;
  private static final int MOST = 20;

  private TaskFailures() {}

  /** The failure of an attempt that doesn't begin because the lanes are being closed. */
  static final class ClosingException extends RuntimeException {
    ClosingException() {
      super("the lanes are being closed", null, false, false);
    }
  }

  /** A failure that a worker reports. */
  static final class WorkerException extends RuntimeException {
    WorkerException(String message) {
      super(message, null, false, false);
    }
  }

  static String describe(Throwable failure) {
    String message = failure.getMessage();
    boolean plain = failure instanceof WorkerException || failure instanceof LaneException
        || failure instanceof InvalidInputException;
    return JsonText.fit(plain && message != null ? message : failure.toString(), LONGEST);
  }

  /** Those of a task's failures that are kept: the first ones, and the last. */
  static List<String> kept(List<String> failures) {
    if (failures.size() <= MOST) {
      return failures;
    }
    List<String> kept = new ArrayList<>(failures.subList(0, MOST / 2));
    kept.addAll(failures.subList(failures.size() - MOST / 2, failures.size()));
    return kept;
  }
}
