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
 * A runner of PostgreSQL's programs, which runs them to their end, as a user that PostgreSQL accepts.
 *
 * <p>
 * PostgreSQL refuses to run as root. If this process is root, as in many containers, there are two ways out; the owner
 * of the files decides between them:
 * <ul>
 * <li>{@code unshare -U} puts the program into its own user namespace, in which it has no special rights but still owns
 * root's files. Many container engines forbid it.</li>
 * <li>{@code setpriv} runs it as the user that the data belongs to (for a new directory: the user {@code nobody}), with
 * one capability, to pass directories that are closed to that user. {@code no_setuid_fixup} makes the capability count
 * for access(2) as well, which PostgreSQL calls.</li>
 * </ul>
 */
final class Programs {

  /**
   * The result of a program.
   *
   * @param exitCode its exit code; -1 if it did not end in time
   * @param output what it wrote to standard output and standard error
   */
  record Result(int exitCode, String output) {

    boolean succeeded() {
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
   * Creates a runner for programs that work on the data in a directory.
   *
   * @param data the data directory, which need not exist yet
   * @param workingDirectory an existing directory, to which relative paths in arguments refer
   * @param user this process's user id
   * @throws IOException if this process is root, and can use neither {@code unshare} nor {@code setpriv}
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
        + " allowed here to run it as another user; start this program as an ordinary user listed in /etc/passwd"
        + " (in Docker: USER or --user)");
  }

  private static boolean works(List<String> prefix, Path directory) {
    List<String> command = new ArrayList<>(prefix);
    command.add("true");
    try {
      return run(command, directory, SHORT).succeeded();
    } catch (IOException e) {
      // The program is not installed.
      return false;
    }
  }

  Result run(Duration limit, String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(binaries.program(program).toString());
    command.addAll(List.of(arguments));
    return run(command, workingDirectory, limit);
  }

  /**
   * Runs a command. It must write less than a pipe holds, and leave no process running that holds its output open. An
   * interrupt doesn't end the wait, which is bounded anyway: stopping a server halfway would be worse.
   */
  static Result run(List<String> command, Path directory, Duration limit) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    // Settings for the user's own PostgreSQL must not affect this one. Messages are parsed here, so they must be
    // English.
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    if (!endsWithin(limit, process)) {
      process.destroyForcibly();
      return new Result(-1, command + " did not end within " + limit.toSeconds() + " seconds");
    }
    return new Result(process.exitValue(),
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
          // Restored when the wait is over.
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
