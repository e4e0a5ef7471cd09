package dev.memlane.perf.tests.kill;

import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.kill.Checker.Problem;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The kill test as a command: it kills a memory under load at random instants for a given time, and checks after each
 * kill that everything acknowledged is there, and nothing else.
 *
 * <p>
 * All kinds of kills take turns, in random order. After some rounds it starts again with an empty directory, so that
 * the checks do not take longer and longer.
 */
public final class KillLoad {

  private static final int ROUNDS_ON_ONE_DIRECTORY = 24;
  private static final int LONGEST_WORK = 2_500;
  private static final String USAGE = """
      usage: perf-tests/run kill [--minutes N] [--rounds N] [--seed S] [--opensearch]
        --minutes N  for how long (60 unless --rounds is given)
        --rounds N   how many rounds, a kill or two each
        --seed S     the same kinds of kills and the same instants again (the threads' order is chance)
        --opensearch the victims share an index on a cluster of three nodes, which are killed too""";

  private final PrintStream output;
  private final Path directory;
  private final @Nullable ClusterIndex cluster;
  private final long seed;
  private final int longestWork;

  private long rounds;
  private long kills;
  private long acknowledged;
  private final List<Problem> problems = new ArrayList<>();

  /**
   * @param directory the directory for the data; data of an earlier run is deleted
   * @param longestWork the longest time until a kill, in milliseconds
   */
  KillLoad(PrintStream output, Path directory, long seed, int longestWork) {
    this(output, directory, null, seed, longestWork);
  }

  /** @param cluster the index that the victims share; null for indexes of their own */
  KillLoad(PrintStream output, Path directory, @Nullable ClusterIndex cluster, long seed, int longestWork) {
    this.output = output;
    this.directory = directory;
    this.cluster = cluster;
    this.seed = seed;
    this.longestWork = longestWork;
  }

  public static void main(String[] arguments) throws IOException, InterruptedException, SQLException {
    long minutes = 0;
    long rounds = 0;
    long seed = System.nanoTime() & 0xffffff;
    boolean onCluster = false;
    try {
      for (int i = 0; i < arguments.length; i += 2) {
        if (arguments[i].equals("--help")) {
          System.out.println(USAGE);
          return;
        }
        if (arguments[i].equals("--opensearch")) {
          onCluster = true;
          i--;
          continue;
        }
        String value = i + 1 < arguments.length ? arguments[i + 1] : "";
        switch (arguments[i]) {
          case "--minutes" -> minutes = positive(value);
          case "--rounds" -> rounds = positive(value);
          case "--seed" -> seed = Long.parseLong(value);
          default -> throw new NumberFormatException("unknown: " + arguments[i]);
        }
      }
    } catch (NumberFormatException e) {
      System.err.println(e.getMessage() + "\n" + USAGE);
      System.exit(2);
    }
    // Servers and connections are killed on purpose here, so the many warnings about that say nothing new.
    Logger.getLogger("").setLevel(Level.SEVERE);
    if (minutes == 0) {
      minutes = rounds == 0 ? 60 : Duration.ofDays(365).toMinutes();
    }
    boolean clean;
    try (ClusterIndex cluster = onCluster ? ClusterIndex.start("kill") : null) {
      KillLoad load = new KillLoad(System.out, Path.of("perf-tests", "target", "kill"), cluster, seed, LONGEST_WORK);
      clean = load.run(Duration.ofMinutes(minutes), rounds == 0 ? Long.MAX_VALUE : rounds);
    }
    System.exit(clean ? 0 : 1);
  }

  private static long positive(String text) {
    long value = Long.parseLong(text);
    if (value < 1) {
      throw new NumberFormatException("must be at least 1: " + text);
    }
    return value;
  }

  /**
   * Runs rounds until either limit is reached.
   *
   * @return whether no promise was broken
   */
  boolean run(Duration time, long most) throws IOException, InterruptedException, SQLException {
    output.println("seed " + seed + ", data in " + directory.toAbsolutePath());
    output.printf(Locale.ROOT, "%6s  %-26s %12s %11s %9s %9s %8s  %s%n", "round", "killed", "acknowledged",
        "rolled back", "unsettled", "in flight", "reopen s", "check");
    long end = System.nanoTime() + time.toNanos();
    Random random = new Random(seed);
    Deque<KillKind> next = new ArrayDeque<>();
    for (int number = 1; rounds < most && System.nanoTime() - end < 0; number++) {
      Path series = directory.resolve("directory-" + number);
      // An earlier run that was itself killed may have left a server.
      KillRounds.killServer(series);
      Directories.delete(series);
      boolean clean;
      if (cluster != null) {
        // A memory of its own has an index of its own.
        cluster.change("kill-" + number);
      }
      try (KillRounds killing = new KillRounds(series, cluster, random.nextLong(), longestWork)) {
        clean = runSeries(killing, next, random, most, end);
      }
      if (clean) {
        Directories.delete(series);
      }
    }
    output.printf(Locale.ROOT, "%d rounds, %d kills, %d acknowledged operations, %d losses%n", rounds, kills,
        acknowledged, problems.size());
    if (!problems.isEmpty()) {
      output.println("the evidence is kept in " + directory.toAbsolutePath()
          + ", in a folder evidence-round-N for each round");
    }
    return problems.isEmpty();
  }

  private boolean runSeries(KillRounds killing, Deque<KillKind> next, Random random, long most, long end)
      throws IOException, InterruptedException, SQLException {
    for (int i = 0; i < ROUNDS_ON_ONE_DIRECTORY && rounds < most && System.nanoTime() - end < 0; i++) {
      if (next.isEmpty()) {
        List<KillKind> all = new ArrayList<>(KillKind.all(cluster != null));
        Collections.shuffle(all, random);
        next.addAll(all);
      }
      KillRounds.Result result = killing.run(next.poll());
      rounds++;
      kills += result.kills();
      acknowledged += result.acknowledged();
      problems.addAll(result.problems());
      print(result);
      if (!result.problems().isEmpty()) {
        // Every later kill would find the same again.
        return false;
      }
    }
    return true;
  }

  private void print(KillRounds.Result result) {
    output.printf(Locale.ROOT, "%6d  %-26s %12d %11d %9d %9d %8.2f  %s%n", rounds, result.kill(), result.acknowledged(),
        result.rolledBack(), result.unsettled(), result.inFlight(), result.reopening(),
        result.problems().isEmpty() ? "ok" : result.problems().size() + " LOSSES");
    result.problems().stream().limit(20).forEach(problem -> output.println("        " + problem));
  }

  /** The broken promises of all rounds so far. */
  List<Problem> problems() {
    return List.copyOf(problems);
  }
}
