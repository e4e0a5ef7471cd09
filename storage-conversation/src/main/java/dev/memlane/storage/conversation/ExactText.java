package dev.memlane.storage.conversation;

import java.util.HexFormat;

/**
 * The stored form of a text that PostgreSQL's text type can't hold. Such a text has NUL characters or unpaired surrogates;
 * an example is a tool's output that was cut within a character. Each of them is stored as a backslash, a {@code u} and four
 * hexadecimal digits. A backslash is stored as two.
 */
final class ExactText {

  private static final HexFormat HEX = HexFormat.of();
  private static final int DIGITS = 4;

  private ExactText() {}

  /** Whether the type can hold the text as it is. */
  static boolean isStorable(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isPair(text, i)) {
        i++;
      } else if (isForeign(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + DIGITS * DIGITS);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isPair(text, i)) {
        escaped.append(c).append(text.charAt(++i));
      } else if (isForeign(c)) {
        escaped.append("\\u").append(HEX.toHexDigits(c));
      } else if (c == '\\') {
        escaped.append("\\\\");
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }

  static String unescape(String escaped) {
    StringBuilder text = new StringBuilder(escaped.length());
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c != '\\') {
        text.append(c);
      } else if (escaped.charAt(++i) == '\\') {
        text.append('\\');
      } else {
        text.append((char) HexFormat.fromHexDigits(escaped, i + 1, i + 1 + DIGITS));
        i += DIGITS;
      }
    }
    return text.toString();
  }

  private static boolean isPair(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i)) && i + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(i + 1));
  }

  /** Of characters that are no half of a pair. */
  private static boolean isForeign(char c) {
    return c == 0 || Character.isSurrogate(c);
  }
}
