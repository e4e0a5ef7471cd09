package dev.memlane.perf.tests.kill;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The report of a victim to the process that started it: a line for each event, with tabs between its words.
 *
 * <p>
 * A line is written in one piece and at once. It ends in the word {@value #END}, so that a line that a kill cut off is
 * recognised. Safe for use by several threads.
 */
final class VictimReport {

  static final String ASKED = "asked";
  static final String ANSWERED = "answered";
  static final String DONE = "done";
  static final String END = ".";
  static final String NOTHING = "-";

  @GuardedBy("this")
  private final OutputStream output;

  VictimReport(OutputStream output) {
    this.output = output;
  }

  /** Reports a request that is about to be sent. */
  void asked(String name, int writer, boolean shared, Attempt.Form form, @Nullable MemoryId memory,
      @Nullable String key, String token, @Nullable OperationId expected, boolean setsContent) {
    line(ASKED, name, writer, shared, form, memory, key, token, expected, setsContent);
  }

  void answered(String name, Attempt.Answer answer, @Nullable MemoryId memory, @Nullable OperationId op, int version) {
    line(ANSWERED, name, answer, memory, op, version);
  }

  /** Reports that the writers have ended and everything is settled. */
  void done(List<String> problems) {
    line(DONE, problems.size(), problems.isEmpty() ? null : String.join("; ", problems).replaceAll("\\s+", " "));
  }

  private void line(@Nullable Object... words) {
    StringJoiner line = new StringJoiner("\t");
    for (Object word : words) {
      line.add(word == null ? NOTHING : word.toString());
    }
    byte[] bytes = (line.add(END) + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      synchronized (this) {
        output.write(bytes);
      }
    } catch (IOException e) {
      // The process that reads is gone, and an operation that is not recorded must not be done.
      Runtime.getRuntime().halt(4);
    }
  }
}
