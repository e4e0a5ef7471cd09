package dev.memlane.extraction;

/** Texts from a model as the database can hold them. */
final class StorableText {

  private static final char REPLACEMENT = '\uFFFD';

  private StorableText() {}

  /** Replaces NUL characters and halves of characters, which no model means. */
  static String of(String text) {
    StringBuilder storable = null;
    for (int i = 0; i < text.length(); i++) {
      char each = text.charAt(i);
      if (Character.isHighSurrogate(each) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (each == 0 || Character.isSurrogate(each)) {
        storable = storable == null ? new StringBuilder(text) : storable;
        storable.setCharAt(i, REPLACEMENT);
      }
    }
    return storable == null ? text : storable.toString();
  }

  /** The text's beginning, with a mark if it goes on; no character is cut in half. */
  static String shortened(String text, int longest) {
    if (text.length() <= longest) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(longest - 1)) ? longest - 1 : longest;
    return text.substring(0, end) + "…";
  }
}
