package dev.memlane.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The server process on a data directory, found by the {@code postmaster.pid} that PostgreSQL keeps there.
 *
 * <p>
 * The file outlives a server that was killed, and its process id may then be in use for another process. So a process
 * counts only if it runs PostgreSQL in this very directory, and no other process ever gets a signal.
 *
 * <p>
 * A server has ended when its file is gone, which it deletes last, or when its process is gone. Waiting for the process
 * alone would fail in a container whose first process doesn't reap its children.
 */
final class Postmaster {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final Path file;
  private final ProcessHandle process;

  private Postmaster(Path file, ProcessHandle process) {
    this.file = file;
    this.process = process;
  }

  private static Path file(Path data) {
    return data.resolve("postmaster.pid");
  }

  /** Finds the server that runs on this directory, if there is one. */
  static Optional<Postmaster> runningOn(Path data) throws IOException {
    Path file = file(data);
    List<String> lines;
    try {
      lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      // No server has run here since the last clean stop.
      return Optional.empty();
    }
    // The first line is the process id; it is missing if the server was killed while writing it.
    if (lines.isEmpty() || !lines.getFirst().matches("[0-9]{1,10}")) {
      return Optional.empty();
    }
    String mark = mark(data);
    return ProcessHandle.of(Long.parseLong(lines.getFirst())).filter(process -> isServer(process, mark))
        .map(process -> new Postmaster(file, process));
  }

  private static boolean isServer(ProcessHandle process, String mark) {
    return process.info().arguments().map(arguments -> List.of(arguments).contains(mark)).orElse(false);
  }

  /**
   * The argument that identifies a server on this directory: a setting without effect, with the directory's key in the
   * file system, which doesn't depend on how the path is written. Any user may read a process's arguments, while its
   * program and its working directory can't be read by a root with few rights, as in containers.
   */
  static String mark(Path data) throws IOException {
    Object key = Files.readAttributes(data, BasicFileAttributes.class).fileKey();
    String name = String.valueOf(key == null ? data.toString().hashCode() : key);
    // Plain characters only, because it passes through a shell.
    return "memlane.directory=" + name.replaceAll("[^A-Za-z0-9]+", "_");
  }

  /** Deletes the file of a killed server, which would keep the next one from starting. No server may be running. */
  static void deleteFile(Path data) throws IOException {
    Files.deleteIfExists(file(data));
  }

  long processId() {
    return process.pid();
  }

  void kill() {
    process.destroyForcibly();
  }

  /** Waits, even if the thread is interrupted. Returns whether the server has ended. */
  boolean endsWithin(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    while (Files.exists(file) && process.isAlive()) {
      if (System.nanoTime() - deadline > 0) {
        break;
      }
      LockSupport.parkNanos(POLL_NANOS);
      // Parking returns at once while the thread is interrupted.
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !Files.exists(file) || !process.isAlive();
  }
}
