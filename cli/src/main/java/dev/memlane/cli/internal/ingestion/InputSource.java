package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The input of a command: a file, or standard input.
 *
 * @param path null for standard input
 * @param name the name from which the keys of its lines are derived
 */
public record InputSource(@Nullable Path path, String name) {

  private static final String STANDARD_INPUT = "-";

  /** The source that an argument names; {@code -} is standard input. Its name is the file's real path. */
  public static InputSource named(Path argument) {
    return argument.toString().equals(STANDARD_INPUT)
        ? new InputSource(null, STANDARD_INPUT)
        : new InputSource(argument, realPath(argument));
  }

  /** The same source under another name. */
  public InputSource called(String other) {
    return new InputSource(path, other);
  }

  /** The same path for every name of a file: relative, or through symbolic links. */
  private static String realPath(Path file) {
    try {
      return file.toRealPath().toString();
    } catch (IOException e) {
      // Reading the file meets the same error, and reports it.
      return file.toAbsolutePath().normalize().toString();
    }
  }

  /** The source as it was given. */
  public String shown() {
    return path == null ? STANDARD_INPUT : path.toString();
  }

  /**
   * Checks that the file can be read.
   *
   * @throws CommandFailure if it can't
   */
  public void requireReadable() {
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
   * Checks that the file holds JSON, and closes it again. Standard input can be read only once, so it is checked when
   * it is opened.
   *
   * @throws CommandFailure if it holds something else
   */
  public void requireJson() {
    if (path == null) {
      return;
    }
    try (InputStream file = Files.newInputStream(path)) {
      TextInput.open(file, false).stream().close();
    } catch (IOException e) {
      throw new CommandFailure(path + ": " + IoErrors.describe(e), e);
    }
  }

  /** Opens the source, unpacked and in UTF-8. */
  TextInput open(Console console, StopSignal stop) throws IOException {
    if (path == null) {
      return TextInput.open(new StandardInput(console.in(), stop), true);
    }
    InputStream file = Files.newInputStream(path);
    try {
      return TextInput.open(file, false);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /**
   * A stream of the source's text, unpacked and in UTF-8, which opens the source when it is first read. A failure has a
   * message for people.
   */
  public InputStream stream(Console console, StopSignal stop) {
    return new DescribedInputStream(() -> open(console, stop).stream());
  }
}
