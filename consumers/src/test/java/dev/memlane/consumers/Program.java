package dev.memlane.consumers;

import dev.memlane.testing.JavaCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A program of one of the projects, in its own JVM. */
final class Program implements AutoCloseable {

  private static final int MINUTES = 3;

  private final Process process;
  private final Path errors;
  private final BufferedReader output;
  private final List<String> lines = new ArrayList<>();

  private Program(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    // A program that hangs is killed, which ends the reading of its output and fails the test.
    CompletableFuture.delayedExecutor(MINUTES, TimeUnit.MINUTES).execute(process::destroyForcibly);
  }

  static Program start(Path directory, String... arguments) {
    try {
      Files.createDirectories(directory);
      Path errors = directory.resolve("errors.txt");
      return new Program(new ProcessBuilder(JavaCommand.with(arguments)).directory(directory.toFile())
          .redirectError(errors.toFile()).start(), errors);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads until a line contains this text, and returns that line. */
  String await(String part) {
    try {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
        if (line.contains(part)) {
          return line;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("the program ended before it printed " + part + ":\n" + String.join("\n", lines)
        + "\n" + errors());
  }

  /** Sends it SIGTERM, as a container engine does. */
  void terminate() {
    // process.destroy() would close its output as well.
    process.toHandle().destroy();
  }

  /** Reads its output to the end, and returns its exit status. */
  int end() {
    try {
      output.lines().forEach(lines::add);
      return process.waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The standard output that was read so far. */
  List<String> lines() {
    return List.copyOf(lines);
  }

  String errors() {
    try {
      return Files.readString(errors);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Keeps the output in {@code target/outputs} for inspection. */
  void report(String what) {
    try {
      Path outputs = Files.createDirectories(Path.of("target", "outputs"));
      Files.writeString(outputs.resolve(what.replaceAll("[^A-Za-z0-9.]+", "-") + ".txt"), "== " + what + "\n"
          + String.join("\n", lines) + "\n-- standard error\n" + errors());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
