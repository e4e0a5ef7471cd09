package dev.memlane.perf.tests;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How long and where a scenario measures, and where its findings go. Not safe for use by several threads. */
public final class Bench {

  private static final int ROUNDS = 5;
  private static final int QUICK_ROUNDS = 2;
  private static final double QUICKER = 0.25;

  private final boolean quick;
  private final Path directory;
  private final PrintStream progress;
  private final Findings findings = new Findings();

  /**
   * @param quick whether to do less, and judge only what is measured at full size
   * @param directory what is made is made here
   * @param progress is told what is being done
   */
  public Bench(boolean quick, Path directory, PrintStream progress) {
    this.quick = quick;
    this.directory = directory;
    this.progress = progress;
  }

  public boolean quick() {
    return quick;
  }

  public Findings findings() {
    return findings;
  }

  /** How many rounds count. */
  public int rounds() {
    return quick ? QUICK_ROUNDS : ROUNDS;
  }

  /** This many seconds in a full run, and less in a quick one. */
  public Duration slice(double seconds) {
    return Duration.ofNanos((long) (seconds * (quick ? QUICKER : 1) * 1e9));
  }

  /** The one for a full run, the other for a quick one. */
  public int size(int full, int small) {
    return quick ? small : full;
  }

  /** Where a directory of this name may be made; what was there is deleted. */
  public Path directory(String name) throws IOException {
    Path path = directory.resolve(name);
    Directories.delete(path);
    return path;
  }

  /** Says what is being done. */
  public void say(String what) {
    progress.println("  ... " + what);
    progress.flush();
  }

  /**
   * Measures contestants in turns, after a round that doesn't count: every round has each of them once, and begins with
   * another one, so that a noisy machine disturbs all alike.
   */
  public void race(List<Contestant> contestants) throws Exception {
    race(contestants, rounds());
  }

  /** The same with a number of rounds. */
  public void race(List<Contestant> contestants, int rounds) throws Exception {
    say("warming up " + contestants.size() + " contestants");
    for (Contestant contestant : contestants) {
      contestant.round().call();
    }
    for (int round = 0; round < rounds; round++) {
      say("round " + (round + 1) + " of " + rounds);
      List<Contestant> turn = new ArrayList<>(contestants);
      Collections.rotate(turn, -round);
      for (Contestant contestant : turn) {
        findings.add(contestant.name(), contestant.parameter(), contestant.round().call());
      }
    }
  }
}
