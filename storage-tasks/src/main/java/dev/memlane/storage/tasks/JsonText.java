package dev.memlane.storage.tasks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;

/** Checks of texts that come from outside. */
final class JsonText {

  private static final int DEEPEST = 100;
  private static final JsonFactory FACTORY = JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST)
          .maxStringLength(NewTask.LONGEST_PAYLOAD).maxNumberLength(1_000).build())
      .build();
  /** What a database can't hold, or a log would show as more than one line. */
  private static final Pattern UNFIT = Pattern.compile("[\\p{Cntrl}\\p{Cs}]");

  private JsonText() {}

  /**
   * Checks that a text is one JSON value that fits.
   *
   * @param what for a message: "the payload"
   * @throws InvalidInputException if it is not; the message doesn't repeat it
   */
  static void require(String what, String json) {
    if (json.length() > NewTask.LONGEST_PAYLOAD) {
      throw new InvalidInputException(what + " has " + json.length() + " characters; it must have at most "
          + NewTask.LONGEST_PAYLOAD + ": store the data elsewhere, and name it here");
    }
    if (hasHalfACharacter(json)) {
      throw new InvalidInputException(what + " contains half a character (a surrogate without the other one)");
    }
    try (JsonParser parser = FACTORY.createParser(json)) {
      if (parser.nextToken() == null) {
        throw new InvalidInputException(what + " is empty; it must be JSON");
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw new InvalidInputException(what + " goes on after its JSON value");
      }
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(what + " is no valid JSON, or is nested more than " + DEEPEST + " deep");
    } catch (IOException e) {
      throw new UncheckedIOException("a text was read", e);
    }
  }

  /** @throws InvalidInputException if the text is blank or too long, or contains characters that can't be shown */
  static void requireShort(String what, String text, int longest) {
    if (text.isBlank() || text.length() > longest) {
      throw new InvalidInputException(what + " has " + text.length() + " characters; it must have 1 to " + longest
          + " of them, not all blank");
    }
    if (UNFIT.matcher(text).find()) {
      throw new InvalidInputException(what + " contains a control character or half a character");
    }
  }

  private static boolean hasHalfACharacter(String text) {
    for (int i = 0; i < text.length(); i++) {
      char one = text.charAt(i);
      if (Character.isHighSurrogate(one) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(one)) {
        return true;
      }
    }
    return false;
  }

  /** A text as the database can hold it, shortened if it is longer than this. */
  static String fit(String text, int longest) {
    String shortened = text.length() <= longest ? text : text.substring(0, longest - 1) + "…";
    String known = shortened.replace('\0', '?');
    return hasHalfACharacter(known) ? known.replaceAll("\\p{Cs}", "?") : known;
  }
}
