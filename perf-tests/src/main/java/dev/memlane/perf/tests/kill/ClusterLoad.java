package dev.memlane.perf.tests.kill;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.kill.Checker.Problem;
import dev.memlane.perf.tests.kill.ClusterSearcher.Opening;
import dev.memlane.perf.tests.kill.ClusterSearcher.Searches;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * The loss of a node as users of a shared index see it: three processes write to a cluster of three nodes and two search,
 * while one node is killed and started again. Afterwards everything that was acknowledged must be there, and the stores must
 * agree.
 */
public final class ClusterLoad {

  private static final String USAGE = """
      usage: perf-tests/run cluster [--memories N] [--seconds N]
        --memories N  how many memories are there before (200000)
        --seconds N   how long each phase is: before, without the node, and after (30)""";
  private static final int BATCH = 1_000;
  private static final int MOST_ATTEMPTS = 100;
  private static final int USERS = 1_000;
  private static final int WRITERS = 3;
  private static final int SEARCHERS = 2;
  private static final int KILLED = 1;
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  /** A batch is more than a cluster on a busy machine takes in ten seconds. */
  private static final Duration FILLING = Duration.ofMinutes(2);
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final long SEED = 34;

  private final PrintStream output;
  private final Path directory;
  private final int memories;
  private final Duration phase;
  private final Ledger ledger = new Ledger();
  private final List<VictimProcess> writers = new ArrayList<>();
  private final List<ClusterSearcher> searchers = new ArrayList<>();
  /** How many answers of each kind the phases before had. */
  private final Map<Attempt.Answer, Long> counted = new HashMap<>();

  private ClusterLoad(PrintStream output, Path directory, int memories, Duration phase) {
    this.output = output;
    this.directory = directory;
    this.memories = memories;
    this.phase = phase;
  }

  public static void main(String[] arguments) throws Exception {
    int memories = 200_000;
    int seconds = 30;
    for (int i = 0; i < arguments.length; i += 2) {
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      if (!value.matches("[1-9][0-9]{0,8}") || !Set.of("--memories", "--seconds").contains(arguments[i])) {
        System.err.println(USAGE);
        System.exit(arguments[i].equals("--help") ? 0 : 2);
      }
      if (arguments[i].equals("--memories")) {
        memories = Integer.parseInt(value);
      } else {
        seconds = Integer.parseInt(value);
      }
    }
    // Connections break on purpose here, so the many warnings about that say nothing new.
    Logger.getLogger("").setLevel(Level.SEVERE);
    boolean clean = new ClusterLoad(System.out, Path.of("perf-tests", "target", "cluster").toAbsolutePath(), memories,
        Duration.ofSeconds(seconds)).run();
    System.exit(clean ? 0 : 1);
  }

  /** Runs all phases; returns whether nothing was lost. */
  private boolean run() throws Exception {
    KillRounds.killServer(directory);
    Directories.delete(directory);
    List<Problem> problems;
    Path home = directory.resolve("home");
    try (ClusterIndex cluster = ClusterIndex.start("cluster");
        Memlane first = Memlane.builder(home).embedder(new HashEmbedder()).sharedIndex(cluster.address().opener())
            .settings(orchestrator -> orchestrator.writeDeadline(FILLING)).open()) {
      fill(first);
      ServerProcess server = ServerProcess.of(home).orElseThrow(() -> new IOException("there is no server"));
      String jdbcUrl = server.jdbcUrl(server.port());
      long filled = System.nanoTime();
      cluster.awaitMerged();
      output.printf(Locale.ROOT, "the cluster merged for another %.0f s%n", (System.nanoTime() - filled) / 1e9);
      start(jdbcUrl, cluster.address());
      loseNode(cluster);
      problems = finish();
      problems.addAll(check(first, jdbcUrl));
    } finally {
      writers.forEach(VictimProcess::close);
      searchers.forEach(ClusterSearcher::close);
    }
    output.printf(Locale.ROOT, "%d requests, %d acknowledged operations, %d losses%n", ledger.attempts().size(),
        ledger.count(0, Set.of(Attempt.Answer.STORED, Attempt.Answer.DELETED, Attempt.Answer.FOUND_LANDED)),
        problems.size());
    problems.stream().limit(20).forEach(problem -> output.println("  " + problem));
    if (problems.isEmpty()) {
      Directories.delete(directory);
    }
    return problems.isEmpty();
  }

  private void loseNode(ClusterIndex cluster) throws IOException, InterruptedException {
    output.printf(Locale.ROOT, "%-14s %10s %10s %10s %10s %10s %10s %10s%n", "phase", "written", "rolled back",
        "unsettled", "searches", "failed", "p50 ms", "p99 ms");
    Searches unused = takePhase();
    work("before");
    cluster.kill(KILLED);
    work("without node");
    long restarted = System.nanoTime();
    cluster.restart(KILLED);
    report("until whole");
    output.printf(Locale.ROOT, "the cluster was whole %.1f s after the node's start%n",
        (System.nanoTime() - restarted) / 1e9);
    work("after");
  }

  private void fill(Memlane memlane) {
    Random random = new Random(SEED);
    long begun = System.nanoTime();
    long refused = 0;
    for (int from = 0; from < memories; from += BATCH) {
      List<NewMemory> batch = new ArrayList<>();
      for (int i = from; i < Math.min(memories, from + BATCH); i++) {
        batch.add(NewMemory.of(ClusterTexts.text(random), Scope.user(ClusterTexts.user(i % USERS))));
      }
      refused += store(memlane, batch);
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    output.printf(Locale.ROOT, "stored %d memories in %.0f s, %.0f a second; %d writes were rolled back and repeated%n",
        memories, seconds, memories / seconds, refused);
  }

  /** Stores a batch, and repeats what a busy cluster has refused; returns how many writes that were. */
  private static long store(Memlane memlane, List<NewMemory> batch) {
    long refused = 0;
    List<NewMemory> left = batch;
    for (int attempt = 1; !left.isEmpty(); attempt++) {
      List<WriteOutcome> outcomes = memlane.blocking().addMemories(left);
      List<NewMemory> again = new ArrayList<>();
      for (int i = 0; i < outcomes.size(); i++) {
        WriteOutcome outcome = outcomes.get(i);
        if (outcome instanceof WriteOutcome.RolledBack && attempt < MOST_ATTEMPTS) {
          again.add(left.get(i));
        } else if (!outcome.succeeded()) {
          throw new IllegalStateException(outcome.describe());
        }
      }
      refused += again.size();
      left = again;
    }
    return refused;
  }

  private void start(String jdbcUrl, SharedIndexAddress index) throws Exception {
    for (int i = 0; i < SEARCHERS; i++) {
      ClusterSearcher searcher = ClusterSearcher.start(jdbcUrl, directory.resolve("searcher-" + i), index, SEED + i,
          USERS);
      searchers.add(searcher);
      Opening opening = searcher.awaitOpen();
      output.printf(Locale.ROOT, "a process opened in %.2f s, with %d bytes in its directory%n", opening.seconds(),
          opening.bytes());
    }
    for (ClusterSearcher searcher : searchers) {
      searcher.search();
    }
    for (int i = 0; i < WRITERS; i++) {
      char lane = (char) ('a' + i);
      Victim.Settings settings = new Victim.Settings(directory.resolve(String.valueOf(lane)), jdbcUrl, index, "v" + i,
          lane, 0,
          SEED + i, DEADLINE, List.of());
      writers.add(VictimProcess.start(new Attempt.Source(i, lane), settings, ledger,
          directory.resolve("writer-" + i + ".log")));
    }
    for (VictimProcess writer : writers) {
      writer.awaitWorking();
    }
  }

  /** Lets everybody work for the time of a phase, and prints what they did. */
  private void work(String name) throws IOException, InterruptedException {
    TimeUnit.NANOSECONDS.sleep(phase.toNanos());
    for (VictimProcess writer : writers) {
      writer.letWork(Duration.ZERO);
    }
    report(name);
  }

  /** How many of these answers there were in the present phase. */
  private long since(Attempt.Answer... answers) {
    long sum = 0;
    for (Attempt.Answer answer : answers) {
      long now = ledger.count(0, Set.of(answer));
      sum += now - counted.getOrDefault(answer, 0L);
      counted.put(answer, now);
    }
    return sum;
  }

  private Searches takePhase() {
    List<Searches> taken = searchers.stream().map(ClusterSearcher::take).toList();
    return new Searches(taken.stream().flatMap(each -> each.micros().stream()).sorted().toList(),
        taken.stream().flatMap(each -> each.failures().stream()).toList());
  }

  private void report(String name) {
    Searches searches = takePhase();
    output.printf(Locale.ROOT, "%-14s %10d %10d %10d %10d %10d %10.1f %10.1f%n", name,
        since(Attempt.Answer.STORED, Attempt.Answer.DELETED, Attempt.Answer.FOUND_LANDED),
        since(Attempt.Answer.ROLLED_BACK), since(Attempt.Answer.UNSETTLED, Attempt.Answer.UNKNOWN),
        searches.micros().size() + searches.failures().size(), searches.failures().size(), searches.millisAt(0.5),
        searches.millisAt(0.99));
    Stream<String> messages = searches.failures().stream().distinct().limit(3);
    messages.forEach(message -> output.println("    a search failed: " + message));
  }

  private List<Problem> finish() throws IOException, InterruptedException {
    searchers.forEach(ClusterSearcher::close);
    // All at once, and without a comparison by each, which would take minutes; there is one at the end.
    for (VictimProcess writer : writers) {
      writer.letLeave();
    }
    List<Problem> problems = new ArrayList<>();
    for (VictimProcess writer : writers) {
      String wrong = writer.end();
      if (!wrong.isEmpty()) {
        problems.add(new Problem(null, wrong));
      }
    }
    return problems;
  }

  private List<Problem> check(Memlane memlane, String jdbcUrl) throws Exception {
    List<Problem> problems = new ArrayList<>();
    VerifyReport comparison = SharedComparison.run(memlane.blocking(), PATIENCE);
    comparison.inconsistencies().forEach(found -> problems.add(new Problem(found.memory(), found.problem())));
    try (Connection connection = DriverManager.getConnection(jdbcUrl)) {
      StoredRows stored = StoredRows.read(connection, ClusterTexts.user(0).replaceAll("[0-9]+$", "") + "%");
      problems.addAll(Checker.check(ledger.attempts(), stored));
      problems.addAll(SearchChecker.check(memlane.blocking(), stored, new Random(SEED)));
    }
    return problems;
  }
}
