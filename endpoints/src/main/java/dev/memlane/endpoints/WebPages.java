package dev.memlane.endpoints;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Descriptions of web pages, with which proxies, gateways and wrong addresses answer. */
final class WebPages {

  private static final Pattern TITLE = Pattern.compile("<title[^>]*>([^<]*)</title", Pattern.CASE_INSENSITIVE);
  /** How many characters of a text are examined: a page says at its beginning what it is. */
  private static final int BEGINNING = 4_096;

  private WebPages() {}

  /** Returns the text, or a description of the page that it is. */
  static String describe(String text) {
    String beginning = text.substring(0, Math.min(BEGINNING, text.length()));
    String lower = beginning.stripLeading().toLowerCase(Locale.ROOT);
    if (!lower.startsWith("<") && !lower.contains("<html") && !lower.contains("<!doctype")) {
      return text;
    }
    Matcher title = TITLE.matcher(beginning);
    String page = lower.contains("<html") || lower.contains("<!doctype html") ? "a web page" : "XML or a web page";
    return title.find() && !title.group(1).isBlank()
        ? page + " with the title \"" + title.group(1).strip() + "\""
        : page;
  }
}
