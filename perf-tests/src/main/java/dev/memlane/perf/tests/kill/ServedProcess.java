package dev.memlane.perf.tests.kill;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A server over a directory, in a process of its own, as seen by the process that kills it. Every wait is bounded. */
final class ServedProcess implements AutoCloseable {

  private static final List<String> OPTIONS = List.of("-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Path errors;
  private final CompletableFuture<URI> uri = new CompletableFuture<>();

  private ServedProcess(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
  }

  static ServedProcess start(Path data, Path errors) throws IOException {
    Process process = JavaProcess
        .prepare(OPTIONS, ServedMemory.class.getName(), "serve", "--port", "0", "--embedder", "hash", "--json",
            "--data",
            data.toString())
        .redirectError(errors.toFile()).start();
    ServedProcess served = new ServedProcess(process, errors);
    Thread.ofVirtual().name("served").start(served::listen);
    return served;
  }

  private void listen() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        uri.complete(URI.create(JSON.readTree(line).path("uri").textValue()));
      }
    } catch (IOException | RuntimeException e) {
      uri.completeExceptionally(e);
    }
    uri.completeExceptionally(new IllegalStateException("the server ended before it listened"));
  }

  /** Waits until it listens. */
  URI awaitListening() throws IOException, InterruptedException {
    try {
      return uri.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException("a server does not listen; it said:\n" + Files.readString(errors), e);
    }
  }

  /**
   * Lets it work for this time.
   *
   * @throws IOException if it has ended by itself
   */
  void letWork(Duration time) throws IOException, InterruptedException {
    if (process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new IOException("a server ended by itself, with status " + process.exitValue() + "; it said:\n"
          + Files.readString(errors));
    }
  }

  /** Kills it with SIGKILL and waits for its end. */
  void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException("process " + process.pid() + " does not end");
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
