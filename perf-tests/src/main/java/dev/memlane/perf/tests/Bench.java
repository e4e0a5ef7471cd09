package dev.memlane.perf.tests;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The settings of a measurement: how long and where a scenario measures, and where its findings go. Not safe for use by
 * several threads.
 */
public final class Bench {

  private static final int ROUNDS = 5;
  private static final int QUICK_ROUNDS = 2;
  private static final double QUICKER = 0.25;
  /** About how many rounds are reported while they begin. */
  private static final int MOST_PROGRESS = 10;

  private final boolean quick;
  private final Path directory;
  private final PrintStream progress;
  private final FindingCollector findings = new FindingCollector();

  /**
   * @param quick whether to do less, and judge only what is measured at full size
   * @param directory the directory for the data of the scenarios
   * @param progress receives messages about what is in progress
   */
  public Bench(boolean quick, Path directory, PrintStream progress) {
    this.quick = quick;
    this.directory = directory;
    this.progress = progress;
  }

  public boolean quick() {
    return quick;
  }

  public FindingCollector findings() {
    return findings;
  }

  /** The number of rounds that count. */
  public int rounds() {
    return quick ? QUICK_ROUNDS : ROUNDS;
  }

  /** Returns this many seconds in a full run, and fewer in a quick one. */
  public Duration slice(double seconds) {
    return Duration.ofNanos((long) (seconds * (quick ? QUICKER : 1) * 1e9));
  }

  /** Returns the first value in a full run, the second in a quick one. */
  public int size(int full, int small) {
    return quick ? small : full;
  }

  /** Returns a path for a new directory of this name. An old directory is deleted. */
  public Path directory(String name) throws IOException {
    Path path = directory.resolve(name);
    Directories.delete(path);
    return path;
  }

  /** Reports what is in progress. */
  public void say(String what) {
    progress.println("  ... " + what);
    progress.flush();
  }

  /**
   * Measures contestants in turns, after a round that does not count. Every round has each contestant once and begins
   * with another one, so that a noisy machine disturbs all of them alike.
   */
  public void race(List<Contestant> contestants) throws Exception {
    race(contestants, rounds());
  }

  /** Does the same with this number of rounds. */
  public void race(List<Contestant> contestants, int rounds) throws Exception {
    say("warming up " + contestants.size() + " contestants");
    for (Contestant contestant : contestants) {
      contestant.round().call();
    }
    for (int round = 0; round < rounds; round++) {
      if (round % Math.max(1, rounds / MOST_PROGRESS) == 0) {
        say("round " + (round + 1) + " of " + rounds);
      }
      List<Contestant> turn = new ArrayList<>(contestants);
      Collections.rotate(turn, -round);
      for (Contestant contestant : turn) {
        findings.add(contestant.name(), contestant.parameter(), contestant.round().call());
      }
    }
  }
}
