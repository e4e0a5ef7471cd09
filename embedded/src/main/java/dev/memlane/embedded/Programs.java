package dev.memlane.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * PostgreSQL's programs, run to their end, as a user whom PostgreSQL accepts.
 *
 * <p>
 * PostgreSQL refuses to run as root. Where this process is root, as it is in many containers, there are two ways out, and
 * the owner of the files decides between them:
 * <ul>
 * <li>{@code unshare -U} puts the program into a user namespace of its own, in which it is nobody special and still the
 * owner of root's files. Many container engines forbid it.</li>
 * <li>{@code setpriv} makes it the user whom the data belongs to (a fresh directory: the user nobody), and leaves it the
 * one right to pass through what is closed to that user (and lets access(2), which PostgreSQL asks, know of it).</li>
 * </ul>
 */
final class Programs {

  /**
   * How a program ended.
   *
   * @param output what it wrote on both its outputs
   */
  record Ended(int exitCode, String output) {

    boolean well() {
      return exitCode == 0;
    }
  }

  private static final Duration SHORT = Duration.ofSeconds(20);
  private static final int NOBODY = 65534;

  private final PostgresBinaries binaries;
  private final Path workingDirectory;
  private final List<String> prefix;

  private Programs(PostgresBinaries binaries, Path workingDirectory, List<String> prefix) {
    this.binaries = binaries;
    this.workingDirectory = workingDirectory;
    this.prefix = prefix;
  }

  /**
   * Programs that work on the data in a directory, which need not be there yet.
   *
   * @param workingDirectory exists, and relative paths in arguments are relative to it
   * @param user this process's user
   * @throws IOException if this process is root, and may neither unshare nor change the user
   */
  static Programs on(Path data, PostgresBinaries binaries, Path workingDirectory, int user) throws IOException {
    List<String> prefix = user == 0
        ? prefixForRoot(OwnerOnly.owner(Files.exists(data) ? data : workingDirectory), workingDirectory)
        : List.of();
    return new Programs(binaries, workingDirectory, prefix);
  }

  private static List<String> prefixForRoot(int owner, Path directory) throws IOException {
    List<String> unshare = List.of("unshare", "-U");
    if (owner == 0 && works(unshare, directory)) {
      return unshare;
    }
    int other = owner == 0 ? NOBODY : owner;
    List<String> setpriv = List.of("setpriv", "--reuid=" + other, "--regid=" + other, "--clear-groups",
        "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup");
    if (works(setpriv, directory)) {
      return setpriv;
    }
    throw new IOException("PostgreSQL does not run as root, and neither 'unshare -U' nor 'setpriv' (of util-linux) is"
        + " allowed here to become somebody else; start this program as an ordinary user, one whom /etc/passwd knows (in Docker: USER or --user)");
  }

  private static boolean works(List<String> prefix, Path directory) {
    List<String> command = new ArrayList<>(prefix);
    command.add("true");
    try {
      return run(command, directory, SHORT).well();
    } catch (IOException e) {
      // Not installed, which is an answer as good as any other.
      return false;
    }
  }

  Ended run(Duration limit, String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(binaries.program(program).toString());
    command.addAll(List.of(arguments));
    return run(command, workingDirectory, limit);
  }

  /**
   * Runs a command that says little (less than a pipe holds) and leaves nobody behind who has its output open. An
   * interrupt does not end the wait, which is bounded: stopping a server half way would be worse.
   */
  static Ended run(List<String> command, Path directory, Duration limit) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    // Whatever steers the user's own PostgreSQL must not steer this one; and messages are read here, so in English.
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    if (!endsWithin(limit, process)) {
      process.destroyForcibly();
      return new Ended(-1, command + " did not end within " + limit.toSeconds() + " seconds");
    }
    return new Ended(process.exitValue(),
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
  }

  private static boolean endsWithin(Duration limit, Process process) {
    long deadline = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          // Kept for the caller, who sees it when the wait is over.
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
