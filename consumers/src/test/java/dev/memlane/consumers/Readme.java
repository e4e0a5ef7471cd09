package dev.memlane.consumers;

import java.util.List;
import java.util.regex.Pattern;

/** The code blocks of the README. */
final class Readme {

  private Readme() {}

  static String block(String text, String pattern) {
    return blocks(text, pattern).getFirst();
  }

  static List<String> blocks(String text, String pattern) {
    List<String> blocks = Pattern.compile(pattern, Pattern.DOTALL).matcher(text).results().map(found -> found.group(1))
        .toList();
    if (blocks.isEmpty()) {
      throw new IllegalStateException("the README has no block like " + pattern);
    }
    return blocks;
  }

  /** Removes indentation and comments, which do not count in a comparison. */
  static String withoutSpace(String xml) {
    return xml.replaceAll("<!--.*?-->", "").replaceAll("\\s+", "");
  }
}
