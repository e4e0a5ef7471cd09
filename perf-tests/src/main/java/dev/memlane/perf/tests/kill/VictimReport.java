package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What a victim tells the process outside, a line for each thing that happens, with a tab between its words.
 *
 * <p>
 * A line goes out in one piece and at once, and ends in the word {@value #END}, so that one which was cut off by a kill
 * is known. Safe for use by several threads.
 */
final class VictimReport {

  static final String ASKED = "asked";
  static final String ANSWERED = "answered";
  static final String DONE = "done";
  static final String END = ".";
  static final String NOTHING = "-";

  private final OutputStream output;

  VictimReport(OutputStream output) {
    this.output = output;
  }

  /** About to ask for something. */
  void asked(String name, int writer, boolean shared, Operation.Kind kind, @Nullable MemoryId memory,
      @Nullable String key, String token, @Nullable OperationId expected, boolean setsContent) {
    line(ASKED, name, writer, shared, kind, memory, key, token, expected, setsContent);
  }

  void answered(String name, Attempt.Answer answer, @Nullable MemoryId memory, @Nullable OperationId op, int version) {
    line(ANSWERED, name, answer, memory, op, version);
  }

  /** The writers have ended and everything is settled. */
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
      // Nobody listens any more, and what is not heard must not be done.
      Runtime.getRuntime().halt(4);
    }
  }
}
