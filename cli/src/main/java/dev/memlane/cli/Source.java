package dev.memlane.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a command reads: a file, or standard input.
 *
 * @param path null for standard input
 */
record Source(@Nullable Path path) {

  private static final String STANDARD_INPUT = "-";

  /** What an argument names: {@code -} is standard input. */
  static Source named(Path argument) {
    return new Source(argument.toString().equals(STANDARD_INPUT) ? null : argument);
  }

  /** As it was given. */
  String shown() {
    return path == null ? STANDARD_INPUT : path.toString();
  }

  /** The file's name, which keys are derived from: it may be moved to another directory. */
  String name() {
    return path == null ? STANDARD_INPUT : String.valueOf(path.getFileName());
  }

  /**
   * @throws CommandFailure if it can't be read
   */
  void requireReadable() {
    if (path == null) {
      return;
    }
    String problem = !Files.exists(path)
        ? "there is no such file"
        : Files.isDirectory(path)
            ? "that is a directory; name the files in it"
            : !Files.isReadable(path) ? "this user may not read it" : null;
    if (problem != null) {
      throw new CommandFailure(path + ": " + problem);
    }
  }

  InputStream open(Console console) throws IOException {
    return path == null ? console.in() : Files.newInputStream(path);
  }

  /** Reads the next line of what was opened; a stop does not wait for who types. Null at the end. */
  LineReader.@Nullable Line next(LineReader lines, Stop stop) throws IOException {
    if (path != null) {
      return lines.next();
    }
    stop.waitsForInput(true);
    try {
      return lines.next();
    } finally {
      stop.waitsForInput(false);
    }
  }
}
