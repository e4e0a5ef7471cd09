package dev.memlane.cli;

import dev.memlane.endpoints.EndpointStats;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.SearchHit;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/** How answers look to people: plain lines of at most {@value #COLUMNS} characters, times in UTC. */
final class Layout {

  static final int COLUMNS = 100;
  private static final int SHORTENED = 270;
  private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT)
      .withZone(ZoneOffset.UTC);

  private Layout() {}

  /** The text without what a terminal obeys: control characters become a visible sign, but for line breaks and tabs. */
  static String printable(String text) {
    StringBuilder printable = new StringBuilder(text.length());
    text.codePoints().forEach(c -> {
      boolean harmless = c == '\n' || c == '\t' || !Character.isISOControl(c) && !isDirectional(c);
      printable.appendCodePoint(harmless ? c : '\uFFFD');
    });
    return printable.toString();
  }

  /** Overrides and isolates of the writing direction, which make a line look like another one. */
  private static boolean isDirectional(int c) {
    return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069;
  }

  /** The text on one line, printable. */
  static String line(String text) {
    return printable(text.strip().replaceAll("\\s+", " "));
  }

  /** The text on one line of at most so many characters. */
  static String shortened(String text, int length) {
    String line = line(text);
    if (line.codePointCount(0, line.length()) <= length) {
      return line;
    }
    return line.substring(0, line.offsetByCodePoints(0, length - 3)) + "...";
  }

  static String minute(Instant time) {
    return MINUTE.format(time);
  }

  /** Who said what. */
  static String said(Memory memory) {
    return memory.searchableText();
  }

  /** Breaks a text into lines of at most so many characters, between words where it can. */
  static List<String> wrap(String text, int width) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    while (rest.codePointCount(0, rest.length()) > width) {
      int most = rest.offsetByCodePoints(0, width);
      int space = rest.lastIndexOf(' ', most);
      int end = space > 0 ? space : most;
      lines.add(rest.substring(0, end));
      rest = rest.substring(end).stripLeading();
    }
    lines.add(rest);
    return lines;
  }

  /** A hit: rank and score, what was said, then when, whose it is, and its id. */
  static List<String> hit(int rank, SearchHit hit) {
    List<String> lines = new ArrayList<>();
    String lead = String.format(Locale.ROOT, "%3d  %.2f  ", rank, hit.score());
    for (String line : wrap(shortened(said(hit.memory()), SHORTENED), COLUMNS - lead.length())) {
      lines.add(lead + line);
      lead = " ".repeat(lead.length());
    }
    lines.add(lead + about(hit.memory()));
    Explanation explanation = hit.explanation();
    if (explanation != null) {
      lines.add(lead + explained(explanation));
    }
    return lines;
  }

  /** How a score came about: what each kind of search adds to it, and what follows. */
  static String explained(Explanation explanation) {
    StringJoiner joiner = new StringJoiner("  ");
    Explanation.Part semantic = explanation.semantic();
    if (semantic != null) {
      joiner.add(String.format(Locale.ROOT, "meaning %.3f (rank %d, cosine %.3f)", semantic.share(), semantic.rank(),
          semantic.score()));
    }
    Explanation.Part lexical = explanation.lexical();
    if (lexical != null) {
      joiner.add(String.format(Locale.ROOT, "words %.3f (rank %d, BM25 %.2f)", lexical.share(), lexical.rank(),
          lexical.score()));
    }
    if (explanation.lent() > 0) {
      joiner.add(String.format(Locale.ROOT, "lent %.3f", explanation.lent()));
    }
    if (explanation.recency() < 1) {
      joiner.add(String.format(Locale.ROOT, "recency x %.3f", explanation.recency()));
    }
    return joiner.toString();
  }

  /** When it was said or else stored, whose it is, its id, and when it expires. */
  static String about(Memory memory) {
    Instant occurred = memory.occurredAt();
    Instant expires = memory.expiresAt();
    return minute(occurred == null ? memory.createdAt() : occurred) + "  "
        + shortened(memory.scope().toString(), 40) + "  " + memory.id()
        + (expires == null ? "" : "  expires " + minute(expires));
  }

  /** Metadata as they are written on the command line, so that a number can be told from a text. */
  static String metadata(Metadata metadata) {
    StringJoiner joiner = new StringJoiner("  ");
    metadata.forEach((key, value) -> {
      String text = value instanceof List<?> list
          ? String.join("|", list.stream().map(ScalarSyntax::written).toList())
          : ScalarSyntax.written(value);
      joiner.add(line(key) + "=" + line(text));
    });
    return joiner.toString();
  }

  /** A constant as people and configuration files write it. */
  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** A table of embedding endpoints: what each is doing and has done. */
  static List<String> endpoints(List<EndpointStats> endpoints) {
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT, "  %-16s %-8s %9s %9s %8s %7s %8s %8s %8s", "", "", "in flight", "requests",
        "texts", "failed", "texts/s", "p50 ms", "p99 ms"));
    for (EndpointStats endpoint : endpoints) {
      lines.add(String.format(Locale.ROOT, "  %-16s %-8s %9s %9s %8s %7s %8.0f %8.0f %8.0f",
          shortened(endpoint.name(), 16), name(endpoint.state()), endpoint.inFlight() + " of " + endpoint.limit(),
          number(endpoint.requests()), number(endpoint.items()), number(endpoint.busy() + endpoint.failed()),
          endpoint.itemsPerSecond(), endpoint.p50().toNanos() / 1e6, endpoint.p99().toNanos() / 1e6));
      if (!endpoint.reason().isEmpty()) {
        lines.add("    " + shortened(endpoint.reason(), COLUMNS - 4));
      }
    }
    return lines;
  }

  static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  static String bytes(long bytes) {
    if (bytes < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    }
    return bytes < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }
}
