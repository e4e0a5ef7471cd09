package dev.memlane.perf.tests.kill;

import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.kill.Checker.Problem;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The kill test through REST as a command: it kills {@code memlane serve} under load at random instants, and checks after each
 * kill that everything acknowledged is there, once, and nothing half done.
 *
 * <p>
 * All kinds of kills take turns, in random order. After some rounds it starts again with an empty directory, so that the checks
 * do not take longer and longer.
 */
public final class ServerKillLoad {

  private static final int ROUNDS_ON_ONE_DIRECTORY = 20;
  private static final int LONGEST_WORK = 2_500;
  private static final long USUAL_KILLS = 50;
  private static final String USAGE = """
      usage: perf-tests/run kill-server [KILLS] [--seed S]
        KILLS     how many processes are killed at least (50)
        --seed S  the same kinds of kills and the same instants again (the threads' order is chance)""";

  private final PrintStream output;
  private final Path directory;
  private final long seed;
  private final int longestWork;

  /** The kinds of the next rounds; after them, all take turns. */
  private final Deque<ServerKillKind> next = new ArrayDeque<>();
  private long rounds;
  private long kills;
  private long acknowledged;
  private long messages;
  private final List<Problem> problems = new ArrayList<>();

  /**
   * @param directory the directory for the data; data of an earlier run is deleted
   * @param longestWork the longest time until a kill, in milliseconds
   */
  ServerKillLoad(PrintStream output, Path directory, long seed, int longestWork) {
    this.output = output;
    this.directory = directory;
    this.seed = seed;
    this.longestWork = longestWork;
  }

  /** Begins with these kinds. */
  ServerKillLoad first(ServerKillKind... kinds) {
    next.addAll(List.of(kinds));
    return this;
  }

  public static void main(String[] arguments) throws IOException, InterruptedException, SQLException {
    long kills = USUAL_KILLS;
    long seed = System.nanoTime() & 0xffffff;
    try {
      for (int i = 0; i < arguments.length; i++) {
        switch (arguments[i]) {
          case "--help" -> {
            System.out.println(USAGE);
            return;
          }
          case "--seed" -> seed = Long.parseLong(i + 1 < arguments.length ? arguments[++i] : "");
          default -> kills = Long.parseLong(arguments[i]);
        }
      }
    } catch (NumberFormatException e) {
      System.err.println(e.getMessage() + "\n" + USAGE);
      System.exit(2);
    }
    Logger.getLogger("").setLevel(Level.SEVERE);
    ServerKillLoad load = new ServerKillLoad(System.out, Path.of("perf-tests", "target", "kill-server"), seed,
        LONGEST_WORK);
    System.exit(load.run(kills) ? 0 : 1);
  }

  /**
   * Runs rounds until so many processes were killed.
   *
   * @return whether no promise was broken
   */
  boolean run(long most) throws IOException, InterruptedException, SQLException {
    output.println("seed " + seed + ", data in " + directory.toAbsolutePath());
    output.printf(Locale.ROOT, "%6s  %-26s %12s %9s %9s %9s %9s %8s  %s%n", "round", "killed", "acknowledged",
        "unsettled", "in flight", "messages", "events", "reopen s", "check");
    Random random = new Random(seed);
    for (int number = 1; kills < most && problems.isEmpty(); number++) {
      Path series = directory.resolve("directory-" + number);
      // An earlier run that was itself killed may have left PostgreSQL.
      ServerKillRounds.killPostgres(series);
      Directories.delete(series);
      try (ServerKillRounds killing = new ServerKillRounds(series, random.nextLong(), longestWork)) {
        runSeries(killing, random, most);
      }
      if (problems.isEmpty()) {
        Directories.delete(series);
      }
    }
    output.printf(Locale.ROOT,
        "%d rounds, %d kills, %d acknowledged operations and %d messages of conversations, %d losses%n", rounds, kills,
        acknowledged, messages, problems.size());
    if (!problems.isEmpty()) {
      output.println("the evidence is kept in " + directory.toAbsolutePath()
          + ", in a folder evidence-round-N for each round");
    }
    return problems.isEmpty();
  }

  private void runSeries(ServerKillRounds killing, Random random, long most)
      throws IOException, InterruptedException, SQLException {
    long messagesInSeries = 0;
    for (int i = 0; i < ROUNDS_ON_ONE_DIRECTORY && kills < most && problems.isEmpty(); i++) {
      if (next.isEmpty()) {
        List<ServerKillKind> all = new ArrayList<>(List.of(ServerKillKind.values()));
        // The others take much longer, and this one is what happens most.
        all.addAll(List.of(ServerKillKind.SERVER, ServerKillKind.SERVER));
        Collections.shuffle(all, random);
        next.addAll(all);
      }
      ServerKillRounds.Result result = killing.run(next.poll());
      rounds++;
      kills += result.kills();
      acknowledged += result.acknowledged();
      messagesInSeries = result.messages();
      problems.addAll(result.problems());
      print(result);
    }
    messages += messagesInSeries;
  }

  private void print(ServerKillRounds.Result result) {
    output.printf(Locale.ROOT, "%6d  %-26s %12d %9d %9d %9d %9d %8.2f  %s%n", rounds, result.kill(),
        result.acknowledged(), result.unsettled(), result.inFlight(), result.messages(), result.events(),
        result.reopening(), result.problems().isEmpty() ? "ok" : result.problems().size() + " LOSSES");
    result.problems().stream().limit(20).forEach(problem -> output.println("        " + problem));
  }

  /** The broken promises of all rounds so far. */
  List<Problem> problems() {
    return List.copyOf(problems);
  }
}
