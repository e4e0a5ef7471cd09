package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Filter;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A loop that searches for one memory again and again, by words, by meaning and by both, with and without a filter that
 * fits all of its states. It counts the searches whose best hit is another memory. One thread calls {@link #run}; the
 * other methods are safe for use by several threads.
 */
final class Seeker {

  static final Scope SCOPE = Scope.user("found");
  static final String WORDS = "the oboist counts her reeds";
  static final String TOPIC = "topic";
  static final List<String> TOPICS = List.of("music", "work");
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final String READY = "ready";

  private final BlockingMemory memory;
  private final MemoryId id;
  private final List<SearchRequest> requests = new ArrayList<>();
  private volatile boolean stopped;
  private volatile Tally tally = new Tally(0, 0, "");

  /**
   * The counts.
   *
   * @param firstMissed what the first search that missed the memory found, in one line; empty if none missed it
   */
  record Tally(long searches, long missed, String firstMissed) {}

  Seeker(BlockingMemory memory, MemoryId id) {
    this.memory = memory;
    this.id = id;
    for (SearchRequest.Mode mode : SearchRequest.Mode.values()) {
      requests.add(SearchRequest.builder(WORDS).scope(SCOPE).mode(mode).limit(1).build());
      requests.add(SearchRequest.builder(WORDS).scope(SCOPE).mode(mode).limit(1)
          .filter(Filter.in(TOPIC, TOPICS.toArray())).build());
    }
  }

  /** Waits until every search finds it. Only then can a search miss it. */
  void awaitFound() {
    long end = System.nanoTime() + PATIENCE_NANOS;
    for (SearchRequest request : requests) {
      while (!isFound(memory.search(request))) {
        if (System.nanoTime() - end > 0) {
          throw new IllegalStateException("not found before any update by " + request.mode());
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private boolean isFound(List<SearchHit> hits) {
    return !hits.isEmpty() && hits.getFirst().memory().id().equals(id);
  }

  /** Searches until it is stopped. */
  void run() {
    long searches = 0;
    long missed = 0;
    String firstMissed = "";
    while (!stopped) {
      SearchRequest request = requests.get((int) (searches % requests.size()));
      List<SearchHit> hits = memory.search(request);
      searches++;
      if (!isFound(hits)) {
        missed++;
        firstMissed = missed == 1
            ? "search " + searches + ", " + request.mode() + (request.filter() == null ? "" : " with a filter")
                + ", found "
                + (hits.isEmpty() ? "nothing" : hits.getFirst().memory().content())
            : firstMissed;
      }
      tally = new Tally(searches, missed, firstMissed);
    }
  }

  void stop() {
    stopped = true;
  }

  Tally tally() {
    return tally;
  }

  /** {@code JDBC_URL DIRECTORY MEMORY}: searches in a process of its own until its input ends. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    try (MemoryOrchestrator opened = MemoryOrchestrator.builder().postgres(arguments[0], null, null)
        .schema(FoundLoad.SCHEMA).indexDirectory(Path.of(arguments[1])).embedder(new HashEmbedder()).open()) {
      Seeker seeker = new Seeker(opened.blocking(), MemoryId.parse(arguments[2]));
      seeker.awaitFound();
      System.out.println(READY);
      Thread input = Thread.ofPlatform().daemon().start(() -> {
        try {
          System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
          // The same as the end of input: the process that reads the answer is gone.
        }
        seeker.stop();
      });
      seeker.run();
      input.join();
      Tally tally = seeker.tally();
      System.out.println(tally.searches + " " + tally.missed + " " + tally.firstMissed.lines().findFirst().orElse(""));
    }
  }

  /** Starts such a process, and waits until it finds the memory. */
  static Handle start(String jdbcUrl, Path index, MemoryId id) throws IOException {
    Process process = JavaProcess.prepare(List.of(JavaProcess.VECTOR_MODULE), Seeker.class.getName(), jdbcUrl,
        index.toString(), id.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Handle handle = new Handle(process);
    handle.require(READY);
    return handle;
  }

  /** A process that searches. Not safe for use by several threads. */
  static final class Handle implements AutoCloseable {

    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter input;

    private Handle(Process process) {
      this.process = process;
      this.answers = process.inputReader(StandardCharsets.UTF_8);
      this.input = process.outputWriter(StandardCharsets.UTF_8);
    }

    private void require(String expected) throws IOException {
      String line = answers.readLine();
      if (!expected.equals(line)) {
        close();
        throw new IOException("the other process said: " + line);
      }
    }

    boolean isAlive() {
      return process.isAlive();
    }

    /** Ends the search. */
    Tally stop() throws IOException, InterruptedException {
      input.close();
      String line = answers.readLine();
      String[] words = line == null ? new String[0] : line.split(" ", 3);
      if (words.length < 3 || !process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
        throw new IOException("the other process failed, and said: " + line);
      }
      return new Tally(Long.parseLong(words[0]), Long.parseLong(words[1]), words[2]);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
