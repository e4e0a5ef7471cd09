package dev.memlane.perf.tests.kill;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The embedded PostgreSQL server of a directory. It is found by the files that it keeps there, so that it can be
 * queried and killed from outside.
 */
public final class ServerProcess {

  private static final int PORT_LINE = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final ProcessHandle postmaster;
  private final int port;
  private final String password;

  private ServerProcess(ProcessHandle postmaster, int port, String password) {
    this.postmaster = postmaster;
    this.port = port;
    this.password = password;
  }

  /**
   * Returns the server that runs on the directory, if there is one.
   *
   * @param directory the argument of {@code Memlane.open}
   */
  public static Optional<ServerProcess> of(Path directory) throws IOException {
    Path home = directory.resolve("postgres");
    List<String> lines;
    try {
      lines = Files.readAllLines(home.resolve("data").resolve("postmaster.pid"));
    } catch (NoSuchFileException e) {
      // It was stopped in order, or never started.
      return Optional.empty();
    }
    if (lines.size() <= PORT_LINE || lines.get(PORT_LINE).isBlank()) {
      return Optional.empty();
    }
    Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
        .filter(ServerProcess::isPostmaster);
    String password = Files.readString(home.resolve("password")).strip();
    return process.map(postmaster -> new ServerProcess(postmaster, Integer.parseInt(lines.get(PORT_LINE).strip()),
        password));
  }

  private static boolean isPostmaster(ProcessHandle process) {
    // The process id may have been reused since.
    return process.info().arguments().map(List::of).orElse(List.of()).stream()
        .anyMatch(argument -> argument.startsWith("memlane.directory="));
  }

  /** The port on which it listens. */
  public int port() {
    return port;
  }

  /**
   * The database's address, with user and password.
   *
   * @param through the port to connect to: the server's own, or that of a relay in front of it
   */
  public String jdbcUrl(int through) {
    return "jdbc:postgresql://127.0.0.1:" + through
        + "/postgres?sslmode=disable&requireAuth=scram-sha-256&user=memlane&password=" + password;
  }

  /** The processor time that its processes have spent so far; those that have ended don't count. */
  public Duration processorTime() {
    try (Stream<ProcessHandle> children = postmaster.descendants()) {
      return Stream.concat(Stream.of(postmaster), children)
          .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
          .reduce(Duration.ZERO, Duration::plus);
    }
  }

  /** Kills the postmaster and its children with SIGKILL, all at once, so that nothing more is written or sent. */
  void kill() {
    try (Stream<ProcessHandle> children = postmaster.descendants()) {
      List<ProcessHandle> all = Stream.concat(Stream.of(postmaster), children).toList();
      all.forEach(ProcessHandle::destroyForcibly);
      all.forEach(ServerProcess::awaitEnd);
    }
  }

  /** Stops the postmaster and its children with SIGSTOP, so that connections stay and nothing is answered. */
  void hang() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** Lets them go on. */
  void proceed() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("kill", "-" + name, Long.toString(postmaster.pid())));
    try (Stream<ProcessHandle> children = postmaster.descendants()) {
      children.forEach(child -> command.add(Long.toString(child.pid())));
    }
    // A child that has ended meanwhile makes it fail, which does not matter.
    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start()
        .waitFor();
  }

  private static void awaitEnd(ProcessHandle process) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    // An ended process stays listed, without readable arguments, until its parent reaps it.
    while (process.isAlive() && process.info().arguments().isPresent()) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("server process " + process.pid() + " could not be killed");
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }
}
