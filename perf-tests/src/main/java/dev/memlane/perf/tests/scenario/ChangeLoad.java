package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.ModelChangeRequest;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.perf.tests.Directories;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A change of the embedding model under a mixed load: callers search and add while the model is changed. No call may fail,
 * what was added must be found at once, and searches should hardly be slower than before.
 */
public final class ChangeLoad {

  private static final String SCHEMA = "change";
  private static final int OLD_DIMENSION = 384;
  private static final int NEW_DIMENSION = 256;
  private static final long SEED = 34;
  private static final int USERS = 1_000;
  private static final int BATCH = 1_000;
  /** One call in so many adds a memory, and searches for it. */
  private static final int CALLS_PER_ADD = 5;
  private static final int MOST_REPORTED = 5;

  private static final String USAGE = """
      usage: perf-tests/run change [--memories N] [--callers N] [--seconds N] [--texts-per-second N]
        --memories N          how many memories are there before (100000)
        --callers N           how many callers search and add (4)
        --seconds N           how long the load is measured before and after the change (20)
        --texts-per-second N  how many stored texts are embedded a second, at most (5000)""";

  private final PrintStream output;
  private final Path directory;
  private final int memories;
  private final int callers;
  private final Duration phase;
  private final int textsPerSecond;
  private final List<String> texts;
  private final List<String> failures = new ArrayList<>();
  private final AtomicLong added = new AtomicLong();
  private List<Long> searches = new ArrayList<>();
  private volatile boolean ended;

  private ChangeLoad(PrintStream output, Path directory, int memories, int callers, Duration phase,
      int textsPerSecond) throws IOException {
    this.texts = Texts.of(memories, SEED);
    this.output = output;
    this.directory = directory;
    this.memories = memories;
    this.callers = callers;
    this.phase = phase;
    this.textsPerSecond = textsPerSecond;
  }

  /** See {@code --help}. Exit status 1 if a call failed or something was not found. */
  public static void main(String[] arguments) throws Exception {
    int memories = 100_000;
    int callers = 4;
    int seconds = 20;
    int textsPerSecond = 5_000;
    for (int i = 0; i < arguments.length; i += 2) {
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      if (!value.matches("[1-9][0-9]{0,8}")
          || !Set.of("--memories", "--callers", "--seconds", "--texts-per-second").contains(arguments[i])) {
        System.err.println(USAGE);
        System.exit(arguments[i].equals("--help") ? 0 : 2);
      }
      int number = Integer.parseInt(value);
      switch (arguments[i]) {
        case "--memories" -> memories = number;
        case "--callers" -> callers = number;
        case "--seconds" -> seconds = number;
        default -> textsPerSecond = number;
      }
    }
    Logger.getLogger("").setLevel(Level.SEVERE);
    ChangeLoad load = new ChangeLoad(System.out, Path.of("perf-tests", "target", "change").toAbsolutePath(), memories,
        callers, Duration.ofSeconds(seconds), textsPerSecond);
    System.exit(load.run() ? 0 : 1);
  }

  private boolean run() throws IOException, InterruptedException {
    Directories.delete(directory);
    try (Server server = Server.start(directory);
        MemoryOrchestrator memory = server.builder(SCHEMA).embedder(new HashEmbedder(OLD_DIMENSION)).open()) {
      fill(memory.blocking());
      List<Thread> threads = LongStream.range(0, callers)
          .mapToObj(seed -> Thread.ofPlatform().start(() -> call(memory.blocking(), seed))).toList();
      try {
        output.printf(Locale.ROOT, "%-12s %10s %10s %10s %10s %10s%n", "phase", "seconds", "searches", "p50 ms",
            "p99 ms", "adds");
        // The first phase warms up.
        measure("warming up", phase, null);
        double before = measure("before", phase, null);
        double during = change(memory);
        double after = measure("after", phase, null);
        output.printf(Locale.ROOT, "median search during the change: %.2f times that before; after it %.2f times%n",
            during / before, after / before);
      } finally {
        ended = true;
        for (Thread thread : threads) {
          thread.join();
        }
      }
      check(memory.blocking());
    }
    synchronized (failures) {
      output.printf(Locale.ROOT, "%d calls failed or missed something%n", failures.size());
      failures.stream().limit(MOST_REPORTED).forEach(failure -> output.println("  " + failure));
      Directories.delete(directory);
      return failures.isEmpty();
    }
  }

  private void fill(BlockingMemory memory) {
    for (int from = 0; from < memories; from += BATCH) {
      List<NewMemory> batch = new ArrayList<>();
      for (int i = from; i < Math.min(memories, from + BATCH); i++) {
        batch.add(NewMemory.of(texts.get(i), user(i)));
      }
      if (!memory.addMemories(batch).stream().allMatch(WriteOutcome::succeeded)) {
        throw new IllegalStateException("not all memories were stored");
      }
    }
  }

  private static Scope user(long number) {
    return Scope.user("user " + number % USERS);
  }

  /** Searches, and adds now and then, until the end. */
  private void call(BlockingMemory memory, long seed) {
    Random random = new Random(seed);
    for (long i = 0; !ended; i++) {
      try {
        if (i % CALLS_PER_ADD == 0) {
          String word = "caller" + seed + "round" + i;
          Scope scope = user(random.nextInt(USERS));
          memory.addMemory(NewMemory.of(texts.get(random.nextInt(memories)) + " " + word, scope));
          added.incrementAndGet();
          if (search(memory, word, scope).noneMatch(content -> content.endsWith(word))) {
            fail("not found after it was added: " + word);
          }
        } else {
          search(memory, texts.get(random.nextInt(memories)), user(random.nextInt(USERS)));
        }
      } catch (RuntimeException e) {
        fail(e.toString());
      }
    }
  }

  private Stream<String> search(BlockingMemory memory, String question, Scope scope) {
    long begun = System.nanoTime();
    List<String> contents = memory.search(SearchRequest.builder(question).scope(scope).limit(10).build()).stream()
        .map(hit -> hit.memory().content()).toList();
    long took = System.nanoTime() - begun;
    synchronized (this) {
      searches.add(took);
    }
    return contents.stream();
  }

  private void fail(String what) {
    synchronized (failures) {
      failures.add(what);
    }
  }

  private double change(MemoryOrchestrator memory) throws InterruptedException {
    ModelChange change = memory
        .changeModel(ModelChangeRequest.to(new HashEmbedder(NEW_DIMENSION)).textsPerSecond(textsPerSecond));
    return measure("changing", null, change);
  }

  /** Measures for a time, or until a change has ended; returns the median of the searches in milliseconds. */
  private double measure(String name, @Nullable Duration time, @Nullable ModelChange change)
      throws InterruptedException {
    take();
    long addedBefore = added.get();
    long begun = System.nanoTime();
    List<Long> all = new ArrayList<>();
    if (change == null) {
      TimeUnit.NANOSECONDS.sleep(time == null ? 0 : time.toNanos());
      all.addAll(take());
    } else {
      all.addAll(measureStages(change));
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    return print(name, seconds, all, added.get() - addedBefore);
  }

  private List<Long> measureStages(ModelChange change) throws InterruptedException {
    List<Long> all = new ArrayList<>();
    ModelChange.Stage stage = change.status().stage();
    long begun = System.nanoTime();
    long addedBefore = added.get();
    while (!change.completion().isDone()) {
      TimeUnit.MILLISECONDS.sleep(2);
      ModelChange.Stage now = change.status().stage();
      if (now != stage) {
        List<Long> taken = take();
        all.addAll(taken);
        print(" " + stage.toString().toLowerCase(Locale.ROOT), (System.nanoTime() - begun) / 1e9, taken,
            added.get() - addedBefore);
        stage = now;
        begun = System.nanoTime();
        addedBefore = added.get();
      }
    }
    all.addAll(take());
    change.completion().join();
    return all;
  }

  private synchronized List<Long> take() {
    List<Long> taken = searches;
    searches = new ArrayList<>();
    return taken;
  }

  private double print(String name, double seconds, List<Long> nanos, long adds) {
    List<Long> sorted = nanos.stream().sorted().toList();
    double median = millis(sorted, 0.5);
    output.printf(Locale.ROOT, "%-12s %10.1f %10d %10.2f %10.2f %10d%n", name, seconds, sorted.size(), median,
        millis(sorted, 0.99), adds);
    return median;
  }

  private static double millis(List<Long> sorted, double share) {
    return sorted.isEmpty() ? Double.NaN : sorted.get((int) Math.min(sorted.size() - 1, share * sorted.size())) / 1e6;
  }

  private void check(BlockingMemory memory) {
    long count = memory.count(null, null);
    if (count != memories + added.get()) {
      fail("there are " + count + " memories in place of " + (memories + added.get()));
    }
    VerifyReport report = memory.verify(false);
    report.inconsistencies().forEach(found -> fail(found.toString()));
    if (memory.statistics().index() == null || memory.statistics().index().dimension() != NEW_DIMENSION) {
      fail("the index is not that of the new model");
    }
  }
}
