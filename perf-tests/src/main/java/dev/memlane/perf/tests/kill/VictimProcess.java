package dev.memlane.perf.tests.kill;

import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A victim, as seen by the process that starts it, reads its reports and kills it.
 *
 * <p>
 * Every wait is bounded. A victim ends when this process ends, in whatever way, because it ends with its input.
 */
final class VictimProcess implements AutoCloseable {

  private static final List<String> OPTIONS = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
  private static final Duration OPENING = Duration.ofSeconds(90);
  private static final Duration ENDING = Duration.ofMinutes(2);

  private final Attempt.Source source;
  private final Process process;
  private final BufferedWriter commands;
  private final Ledger ledger;
  private final Path errors;
  private final long begun = System.nanoTime();
  private final CompletableFuture<Long> working = new CompletableFuture<>();
  private final CompletableFuture<Void> heard = new CompletableFuture<>();
  private volatile @Nullable String done;

  private VictimProcess(Attempt.Source source, Process process, Ledger ledger, Path errors) {
    this.source = source;
    this.process = process;
    this.ledger = ledger;
    this.errors = errors;
    this.commands = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
  }

  /** Starts a victim and begins to read its reports. */
  static VictimProcess start(Attempt.Source source, Victim.Settings settings, Ledger ledger, Path errors)
      throws IOException {
    Process process = JavaProcess.prepare(OPTIONS, Victim.class.getName()).redirectError(errors.toFile()).start();
    VictimProcess victim = new VictimProcess(source, process, ledger, errors);
    Thread.ofVirtual().name("victim-" + source.number()).start(victim::listen);
    try {
      for (String line : settings.lines()) {
        victim.send(line);
      }
      victim.send("go");
    } catch (IOException e) {
      victim.close();
      throw e;
    }
    return victim;
  }

  private void send(String line) throws IOException {
    commands.write(line + "\n");
    commands.flush();
  }

  private void listen() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        String[] words = line.split("\t", -1);
        if (!words[words.length - 1].equals(VictimReport.END)) {
          // Cut off by the kill; this can happen to the last line only.
          continue;
        }
        switch (words[0]) {
          case VictimReport.DONE -> done = line;
          default -> {
            if (ledger.add(source, words).fate() == Attempt.Fate.LANDED) {
              working.complete(System.nanoTime());
            }
          }
        }
      }
      heard.complete(null);
    } catch (IOException | RuntimeException e) {
      heard.completeExceptionally(e);
    }
    working.completeExceptionally(new IllegalStateException("the victim ended before it could work"));
  }

  Attempt.Source source() {
    return source;
  }

  /**
   * Waits until its memory is open and has acknowledged an operation.
   *
   * @return the time from its start
   */
  Duration awaitWorking() throws IOException, InterruptedException {
    try {
      return Duration.ofNanos(working.get(OPENING.toMillis(), TimeUnit.MILLISECONDS) - begun);
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException("a victim did not begin to work; it said:\n" + Files.readString(errors), e);
    }
  }

  /**
   * Lets it work for this time.
   *
   * @throws IOException if it has ended by itself
   */
  void letWork(Duration time) throws IOException, InterruptedException {
    if (process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new IOException("a victim ended by itself, with status " + process.exitValue() + "; it said:\n"
          + Files.readString(errors));
    }
  }

  /** Kills it with SIGKILL, and reads what it reported before. */
  void kill() throws InterruptedException {
    destroy();
    awaitEnd();
  }

  /**
   * Lets its writers end, and settles what is unsettled.
   *
   * @return what its comparison of the stores then found wrong, without opening them again; empty if nothing
   */
  String finish() throws IOException, InterruptedException {
    send("finish");
    return end();
  }

  /** Has its writers end and settle what is unsettled, without a comparison. {@link #end} waits for that. */
  void letLeave() throws IOException {
    send("leave");
  }

  /**
   * Waits until it has ended.
   *
   * @return what it then found wrong; empty if nothing
   */
  String end() throws IOException, InterruptedException {
    boolean ended = process.waitFor(ENDING.toMillis(), TimeUnit.MILLISECONDS);
    if (!ended) {
      destroy();
    }
    awaitEnd();
    String last = done;
    if (last == null) {
      return "the victim did not end in order (" + (ended ? "status " + process.exitValue() : "killed after a while")
          + "); it said:\n" + Files.readString(errors);
    }
    String[] words = last.split("\t", -1);
    return words[1].equals("0") ? "" : words[1] + " differences in the running process: " + words[2];
  }

  /**
   * Kills it by its handle. The method of {@link Process} would also close the pipe, with the last reports still in it.
   */
  private void destroy() {
    process.toHandle().destroyForcibly();
  }

  private void awaitEnd() throws InterruptedException {
    try {
      if (!process.waitFor(ENDING.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException("process " + process.pid() + " does not end");
      }
      heard.get(ENDING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new IllegalStateException("not all of the victim's reports were read", e);
    }
  }

  @Override
  public void close() {
    destroy();
    try {
      commands.close();
    } catch (IOException e) {
      if (process.isAlive()) {
        throw new UncheckedIOException(e);
      }
      // The victim is gone, and does not need what was to be written.
    }
  }
}
