package dev.memlane.cli;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdIOException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** What is wrong with input, in words for people: a library's or the JDK's own are about itself. */
final class Problems {

  private static final Pattern TWICE = Pattern.compile("Duplicate field '(.*)'");
  private static final int SHOWN = 30;

  private Problems() {}

  /**
   * Why a JSON text can't be read.
   *
   * @param text the text, of which a message shows the place; null if it is not at hand
   */
  static String of(JsonProcessingException e, @Nullable String text) {
    String message = String.valueOf(e.getOriginalMessage());
    Matcher twice = TWICE.matcher(message);
    return switch (e) {
      case JsonEOFException early -> "it ends in the middle; was it cut off?";
      case StreamConstraintsException large ->
        "a number has more than 1,000 digits, a name or a text is too long, or it is nested more than 1,000 deep";
      case MismatchedInputException more -> "something follows the object; put each on a line of its own";
      default -> {
        if (twice.find()) {
          yield "\"" + Layout.shortened(twice.group(1), SHOWN) + "\" is there twice";
        }
        if (message.contains("Non-standard token")) {
          yield "NaN and Infinity can't be written in JSON; leave them out" + near(e, text);
        }
        if (message.contains("Illegal unquoted character")) {
          yield "a line break, tab or control character within a text must be written as \\n, \\t or \\u..."
              + near(e, text);
        }
        yield "it can't be read" + near(e, text);
      }
    };
  }

  private static String near(JsonProcessingException e, @Nullable String text) {
    JsonLocation location = e.getLocation();
    if (location == null) {
      return "";
    }
    if (text == null) {
      return " at line " + location.getLineNr() + ", character " + location.getColumnNr();
    }
    // Where a word is wrong, the place is behind it.
    int from = Math.clamp(location.getCharOffset() - SHOWN / 2, 0, Math.max(0, text.length() - 1));
    return " at character " + location.getColumnNr() + ", near " + Layout.shortened(
        text.substring(from, Math.min(text.length(), from + SHOWN)), SHOWN);
  }

  /** Why something can't be read or written. */
  static String of(IOException e) {
    return switch (e) {
      case InputException input -> String.valueOf(input.getMessage());
      case JsonProcessingException json -> "it is not JSON: " + of(json, null);
      case NoSuchFileException none -> "there is no such file";
      case FileNotFoundException none -> "there is no such file, or this user may not read it";
      case AccessDeniedException denied -> "this user may not do that";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      case EOFException early -> "it ends in the middle; was it cut off?";
      case ZipException damaged -> "its gzip data is damaged";
      case ZstdIOException zstd when zstd.getErrorCode() == Zstd.errFrameParameterWindowTooLarge() ->
        "it was packed with a window of more than 128 MB; unpack it first, with zstd -d --long=31";
      case ZstdIOException zstd -> "its zstd data is damaged or cut off";
      case CharacterCodingException damaged -> "its UTF-16 is damaged";
      default -> e.getMessage() == null ? "the system says no more than that it failed" : e.getMessage();
    };
  }
}
