package dev.memlane.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The checks of texts and times that several classes share. */
final class Texts {

  static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
  static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

  private Texts() {}

  /** The text's first characters, for messages that must not repeat a long text. */
  static String abbreviate(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length) + "...";
  }

  /**
   * Refuses texts that PostgreSQL's text type can't hold: with a NUL character or an unpaired surrogate.
   *
   * @throws InvalidInputException naming {@code what} and the position
   */
  static void requireStorable(String what, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw new InvalidInputException(
            what + " contains a NUL character (U+0000) at position " + i + ", which cannot be stored; remove it");
      }
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          throw new InvalidInputException(
              what + " contains half a character (an unpaired surrogate) at position " + i + "; the text is damaged");
        }
      }
    }
  }

  /** Like {@link #requireStorable}; the text must also have 1 to {@code longest} characters, one of them visible. */
  static void requireName(String what, String text, int longest) {
    if (TextForm.isBlank(text)) {
      throw new InvalidInputException(
          what + " is empty" + (text.isBlank() ? "" : ", because none of its characters is visible")
              + "; leave it out or give it a value");
    }
    if (text.length() > longest) {
      throw new InvalidInputException(
          what + " has " + text.length() + " characters; the limit is " + longest + ": \"" + abbreviate(text, 40)
              + "\"");
    }
    requireStorable(what, text);
  }

  /**
   * Refuses times outside of the years that both ISO 8601 and PostgreSQL can write; null passes.
   *
   * @throws InvalidInputException naming {@code what}
   */
  static void requireStorable(String what, @Nullable Instant time) {
    if (time != null && (time.isBefore(FIRST) || time.isAfter(LAST))) {
      throw new InvalidInputException(what + " is " + time + "; it must lie in the years 1 to 9999");
    }
  }
}
