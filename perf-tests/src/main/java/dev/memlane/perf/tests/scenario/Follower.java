package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.JavaProcess;
import dev.memlane.perf.tests.Load;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The other process on a database. On request it follows the database, and searches for memories.
 *
 * <p>
 * A request has a memory's word and the time of its acknowledgement, and comes when the memory has been acknowledged.
 * Words are searched for one after the other, every two milliseconds until they are found. One poll of the database
 * finds all memories written before it, so searching for one word at a time costs the later words one search each, and
 * no more.
 */
final class Follower {

  /** The scope of the memories that it finds. */
  static final String SCHEMA = "follow";
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long PATIENCE_MILLIS = 30_000;
  private static final String FOLLOW = "follow";
  private static final String LEAVE = "leave";
  private static final String LAGS = "lags";
  private static final String LOOK = "look ";
  private static final String DONE = "done";

  private final String url;
  private final Path index;
  private @Nullable MemoryOrchestrator memory;

  private Follower(String url, Path index) {
    this.url = url;
    this.index = index;
  }

  /** A word, and the time when its memory was acknowledged. */
  private record Look(String word, long sinceMillis) {}

  /** {@code JDBC_URL DIRECTORY}: carries out the requests on its input, and ends with it. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    new Follower(arguments[0], Path.of(arguments[1])).run();
  }

  private void run() throws IOException, InterruptedException {
    BlockingQueue<Look> looks = new LinkedBlockingQueue<>();
    Histogram lags = Load.histogram();
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Thread seeker = null;
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      if (command.startsWith(LOOK)) {
        String[] words = command.split(" ", -1);
        looks.add(new Look(words[1], Long.parseLong(words[2])));
        continue;
      }
      switch (command) {
        case FOLLOW -> {
          memory = MemoryOrchestrator.builder().postgres(url, null, null).schema(SCHEMA).indexDirectory(index)
              .embedder(new HashEmbedder()).open();
          BlockingMemory found = memory.blocking();
          seeker = Thread.ofPlatform().daemon().start(() -> seek(looks, found, lags));
        }
        case LAGS -> {
          end(seeker, looks);
          lags.recordedValues()
              .forEach(lag -> System.out.println(lag.getValueIteratedTo() + " " + lag.getCountAtValueIteratedTo()));
          lags.reset();
        }
        case LEAVE -> {
          end(seeker, looks);
          if (memory != null) {
            memory.close();
          }
        }
        default -> throw new IllegalArgumentException(command);
      }
      System.out.println(DONE);
      System.out.flush();
    }
  }

  private static void end(@Nullable Thread seeker, BlockingQueue<Look> looks) throws InterruptedException {
    if (seeker != null && seeker.isAlive()) {
      looks.add(new Look("", 0));
      seeker.join();
    }
  }

  /** Runs until it receives an empty word. */
  private static void seek(BlockingQueue<Look> looks, BlockingMemory memory, Histogram lags) {
    try {
      for (Look look = looks.take(); !look.word.isEmpty(); look = looks.take()) {
        SearchRequest request = SearchRequest.builder(look.word).everywhere().mode(SearchRequest.Mode.LEXICAL).limit(1)
            .build();
        while (memory.search(request).isEmpty() && System.currentTimeMillis() - look.sinceMillis < PATIENCE_MILLIS) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
        lags.recordValue(
            TimeUnit.MILLISECONDS.toNanos(Math.max(0, System.currentTimeMillis() - look.sinceMillis)));
      }
    } catch (InterruptedException e) {
      // No code interrupts it. It reports what it has found so far.
      Thread.currentThread().interrupt();
    }
  }

  /** Starts a process, which does not follow yet. */
  static Handle start(String url, Path index) throws IOException {
    Process process = JavaProcess.prepare(List.of("-Xmx1g", JavaProcess.VECTOR_MODULE), Follower.class.getName(), url,
        index.toString()).start();
    return new Handle(process);
  }

  /** The process, as seen by the writer. Several threads may send words. */
  static final class Handle implements AutoCloseable {

    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader answers;

    private Handle(Process process) {
      this.process = process;
      this.commands = process.outputWriter(StandardCharsets.UTF_8);
      this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Returns when the process follows. */
    void follow() throws IOException {
      ask(FOLLOW, null);
    }

    /** Returns when the process has stopped following. */
    void leave() throws IOException {
      ask(LEAVE, null);
    }

    /** Requests a search for a memory that has just been acknowledged. */
    void look(String word) {
      try {
        send(LOOK + word + " " + System.currentTimeMillis());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /**
     * Waits until all memories are found, and returns the time that each took, in nanoseconds. After that, the process
     * must be made to follow again before more requests.
     */
    Histogram lags() throws IOException {
      Histogram lags = Load.histogram();
      ask(LAGS, lags);
      return lags;
    }

    private void ask(String command, @Nullable Histogram values) throws IOException {
      send(command);
      for (String line = answers.readLine(); !DONE.equals(line); line = answers.readLine()) {
        if (line == null || values == null) {
          throw new IOException("the other process said " + line + " to " + command);
        }
        String[] words = line.split(" ", -1);
        values.recordValueWithCount(Long.parseLong(words[0]), Long.parseLong(words[1]));
      }
    }

    private synchronized void send(String command) throws IOException {
      commands.write(command + "\n");
      commands.flush();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
