package dev.memlane.cli.internal.terminal;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Text as a terminal shows it: plain lines of at most {@value #COLUMNS} characters, times in UTC. */
public final class TextLayout {

  public static final int COLUMNS = 100;
  private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT)
      .withZone(ZoneOffset.UTC);

  private TextLayout() {}

  /**
   * The text without characters that control a terminal. Each becomes a visible sign; line breaks and tabs stay.
   */
  public static String printable(String text) {
    StringBuilder printable = new StringBuilder(text.length());
    text.codePoints().forEach(c -> {
      boolean harmless = c == '\n' || c == '\t' || !Character.isISOControl(c) && !isDirectional(c);
      printable.appendCodePoint(harmless ? c : '\uFFFD');
    });
    return printable.toString();
  }

  /** Overrides and isolates of the writing direction. They can make one line look like another. */
  private static boolean isDirectional(int c) {
    return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069;
  }

  /** The text on one line, printable. */
  public static String line(String text) {
    return printable(text.strip().replaceAll("\\s+", " "));
  }

  /** The text on one line, printable, cut to this length. */
  public static String shortened(String text, int length) {
    String line = line(text);
    if (line.codePointCount(0, line.length()) <= length) {
      return line;
    }
    return line.substring(0, line.offsetByCodePoints(0, length - 3)) + "...";
  }

  /** Breaks a text into lines of at most this many characters, between words where possible. */
  public static List<String> wrap(String text, int width) {
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

  public static String minute(Instant time) {
    return MINUTE.format(time);
  }

  public static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  public static String bytes(long bytes) {
    if (bytes < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    }
    return bytes < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }

  /** A constant's name as people and configuration files write it. */
  public static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
