package dev.memlane.spring.ai;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.WriteOutcome;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Some documents of a call were not stored, or not deleted. The others were. The outcomes say what is true of each, and
 * whether it is not known yet ({@link WriteOutcome.Unsettled}). The call can be repeated with all documents.
 */
public final class DocumentWriteException extends MemlaneException {

  private static final int MOST_SHOWN = 5;
  private static final int LONGEST_SHOWN = 100;

  private final transient Map<String, WriteOutcome> failures;

  private DocumentWriteException(String message, Map<String, WriteOutcome> failures, @Nullable Throwable cause) {
    super(message, cause);
    this.failures = failures;
  }

  /**
   * Creates the exception.
   *
   * @param what what was to be done, such as "stored"
   * @param failures the failed documents, by id; at least one
   * @param of how many documents the call had
   */
  static DocumentWriteException of(String what, Map<String, WriteOutcome> failures, int of) {
    StringJoiner each = new StringJoiner("; ");
    failures.entrySet().stream().limit(MOST_SHOWN)
        .forEach(entry -> each.add("document " + quote(entry.getKey()) + ": " + entry.getValue().describe()));
    if (failures.size() > MOST_SHOWN) {
      each.add("and " + (failures.size() - MOST_SHOWN) + " more");
    }
    WriteOutcome first = failures.values().iterator().next();
    return new DocumentWriteException(
        failures.size() + " of " + of + " documents were not " + what + " for certain: " + each,
        new LinkedHashMap<>(failures), cause(first));
  }

  /** An id for a message, on one line and not too long. */
  static String quote(String id) {
    String line = id.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]", " ");
    return "\"" + (line.length() <= LONGEST_SHOWN ? line : line.substring(0, LONGEST_SHOWN) + "...") + "\"";
  }

  /** Why a write failed, if the outcome has an exception that says so. */
  static @Nullable Throwable cause(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.RolledBack rolledBack -> rolledBack.cause();
      case WriteOutcome.Unsettled unsettled -> unsettled.cause();
      case WriteOutcome.Refused refused -> refused.cause();
      case WriteOutcome.Unpurged unpurged -> unpurged.cause();
      default -> null;
    };
  }

  /** The outcomes of the failed documents, by document id, in the order of the call. */
  public Map<String, WriteOutcome> failures() {
    return new LinkedHashMap<>(failures);
  }

  @Override
  public DocumentWriteException copy() {
    return new DocumentWriteException(Objects.requireNonNull(getMessage()), failures, this);
  }
}
