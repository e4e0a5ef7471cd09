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
 * @param name what keys of its lines are derived from
 */
record Source(@Nullable Path path, String name) {

  private static final String STANDARD_INPUT = "-";

  /** What an argument names: {@code -} is standard input. Its name is that of the file with all its directories. */
  static Source named(Path argument) {
    return argument.toString().equals(STANDARD_INPUT)
        ? new Source(null, STANDARD_INPUT)
        : new Source(argument, place(argument));
  }

  /** The same under another name, such as the one that it had before it was moved. */
  Source called(String other) {
    return new Source(path, other);
  }

  /** Where a file is, however it was named: relative paths and symbolic links lead to one place. */
  private static String place(Path file) {
    try {
      return file.toRealPath().toString();
    } catch (IOException e) {
      // Reading it meets the same error, and tells it.
      return file.toAbsolutePath().normalize().toString();
    }
  }

  /** As it was given. */
  String shown() {
    return path == null ? STANDARD_INPUT : path.toString();
  }

  /**
   * @throws CommandFailure if it can't be read
   */
  void requireReadable() {
    if (path == null) {
      return;
    }
    if (path.toString().isBlank()) {
      throw new UsageException("a file's name is empty");
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

  /**
   * Looks whether it holds JSON, without keeping it open. Standard input can be read only once, so it is looked at later.
   *
   * @throws CommandFailure if it can't be taken
   */
  void requireJson() {
    if (path == null) {
      return;
    }
    try (InputStream file = Files.newInputStream(path)) {
      TextInput.open(file, false).stream().close();
    } catch (IOException e) {
      throw new CommandFailure(path + ": " + Problems.of(e), e);
    }
  }

  /** Opens it, unpacked and in UTF-8. A stop does not wait for who types. */
  TextInput open(Console console, Stop stop) throws IOException {
    if (path != null) {
      InputStream file = Files.newInputStream(path);
      try {
        return TextInput.open(file, false);
      } catch (IOException e) {
        file.close();
        throw e;
      }
    }
    stop.waitsForInput(true);
    try {
      return TextInput.open(console.in(), true);
    } finally {
      stop.waitsForInput(false);
    }
  }

  /** Reads the next of what was opened; a stop does not wait for who types. Null at the end. */
  LineReader.@Nullable Line next(Lines lines, Stop stop) throws IOException {
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

  /** What is read one after the other. */
  @FunctionalInterface
  interface Lines {

    /** The next one, or null at the end. */
    LineReader.@Nullable Line next() throws IOException;
  }
}
