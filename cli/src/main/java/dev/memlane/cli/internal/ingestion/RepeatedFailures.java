package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A printer of failed lines. It prints the first line of each kind at once, and at the end one line with the numbers of
 * the others. Not safe for use by several threads.
 */
final class RepeatedFailures {

  /** The parts in which messages about the same kind of failure differ. */
  private static final Pattern SPECIFIC = Pattern.compile("\"[^\"]*\"|[0-9]+|, near .*|and this is .*|first one is .*");
  private static final int SHOWN = 10;

  private final Console console;
  /** By file and reason, in order of the first failure. */
  private final Map<String, Group> groups = new LinkedHashMap<>();

  RepeatedFailures(Console console) {
    this.console = console;
  }

  /** The failures of one kind in one file. */
  private static final class Group {

    private final IngestReport.Failure first;
    private final List<Long> lines = new ArrayList<>();
    private int more;

    Group(IngestReport.Failure first) {
      this.first = first;
    }

    void add(long line) {
      if (lines.size() < SHOWN) {
        lines.add(line);
      } else {
        more++;
      }
    }

    String summary() {
      return first.file() + ": the same in line" + (lines.size() + more == 1 ? " " : "s ")
          + lines.stream().map(String::valueOf).collect(Collectors.joining(", "))
          + (more == 0 ? "" : " and " + TextLayout.number(more) + " more") + " as in line " + first.line();
    }
  }

  void add(IngestReport.Failure failure) {
    String kind = failure.file() + SPECIFIC.matcher(failure.error()).replaceAll("#");
    Group group = groups.putIfAbsent(kind, new Group(failure));
    if (group == null) {
      console.say(failure.toString());
    } else {
      group.add(failure.line());
    }
  }

  /** Prints the lines that were only counted. */
  void printRepetitions() {
    groups.values().stream().filter(group -> !group.lines.isEmpty()).forEach(group -> console.say(group.summary()));
  }
}
