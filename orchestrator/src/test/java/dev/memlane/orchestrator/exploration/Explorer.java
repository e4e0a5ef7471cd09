package dev.memlane.orchestrator.exploration;

import dev.memlane.embedding.BatchingEmbedder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs a scenario again and again, each time another way, and looks for one that breaks a promise.
 *
 * <p>
 * <b>All ways.</b> Real code can't be copied in the middle of a run, so a state is reached again by making the same
 * choices from the start: a walk over the tree of choices, depth first, one run for each branch. A state that was seen
 * before is not gone on from. That is exact, up to two states having the same 64 bits: a process is deterministic, so
 * what it was told, in order, is its state. What may go wrong is raised step by step, so that what is found first needs
 * the fewest faults.
 *
 * <p>
 * <b>Random ways</b> go beyond, with more faults than all ways could be walked for, and with the tasks inside a process
 * shuffled as well. Each has a seed, by which it can be run again.
 *
 * <p>
 * What was found is shortened: steps are left out one after the other as long as the same promise still breaks.
 */
final class Explorer {

  private final Scenario scenario;
  private final Set<Rule> without;
  private final BatchingEmbedder embedder;
  private final SimulatedSearch search;
  private long runs;
  private long states;
  private boolean exhausted;

  Explorer(Scenario scenario, Set<Rule> without, BatchingEmbedder embedder) {
    this.scenario = scenario;
    this.without = without;
    this.embedder = embedder;
    this.search = new SimulatedSearch(without, embedder);
  }

  /** A way to a broken promise. */
  record Found(Scenario scenario, String problem, List<String> way, String origin) {
    @Override
    public String toString() {
      return scenario + " breaks promise " + problem + "\n  found by " + origin + "; the shortest way found:\n    "
          + String.join("\n    ", way);
    }
  }

  long runs() {
    return runs;
  }

  long states() {
    return states;
  }

  /** Whether the last walk came to its end. */
  boolean isExhausted() {
    return exhausted;
  }

  /**
   * Walks all ways on which no more goes wrong than this, until a promise breaks.
   *
   * @param deadline when to stop in any case, by {@link System#nanoTime}
   */
  @Nullable
  Found all(World.Budget budget, long deadline) {
    DepthFirst chooser = new DepthFirst();
    exhausted = false;
    while (!exhausted && System.nanoTime() - deadline < 0) {
      World world = new World(scenario, without, budget, embedder, search, chooser, false, null);
      String problem = world.run();
      runs++;
      if (problem != null) {
        return shorten(budget, problem, world.way(), false, null, "walking all ways with at most " + describe(budget));
      }
      exhausted = !chooser.next();
    }
    states += chooser.seen.size();
    return null;
  }

  /** Goes one random way. */
  @Nullable
  Found random(World.Budget budget, long seed) {
    Random random = new Random(seed);
    World world = new World(scenario, without, budget, embedder, search, randomly(random), true, new Random(seed + 1));
    String problem = world.run();
    runs++;
    return problem == null
        ? null
        : shorten(budget, problem, world.way(), true, seed + 1, "seed " + seed + " with at most " + describe(budget));
  }

  private static World.Chooser randomly(Random random) {
    return (steps, state) -> {
      // Faults are many in every list of steps: without this most runs would spend all theirs at the beginning.
      boolean wrong = random.nextInt(8) == 0;
      List<Integer> wanted = new ArrayList<>();
      for (int i = 0; i < steps.size(); i++) {
        if (wrong == (steps.get(i).cost() != Step.Cost.NOTHING)) {
          wanted.add(i);
        }
      }
      return wanted.isEmpty() ? random.nextInt(steps.size()) : wanted.get(random.nextInt(wanted.size()));
    };
  }

  private static String describe(World.Budget budget) {
    return budget.faults() + " faults and " + budget.crashes() + " crashes";
  }

  // ---- walking the tree ----------------------------------------------------------------------------------------------

  /** Makes the choices of the branch that is next, depth first, and remembers the states that it came by. */
  private static final class DepthFirst implements World.Chooser {

    private final List<int[]> branch = new ArrayList<>();
    private final Set<Long> seen = new HashSet<>();
    private int depth;

    @Override
    public int choose(List<Step> steps, @Nullable LongSupplier state) {
      if (depth < branch.size()) {
        return branch.get(depth++)[0];
      }
      if (state != null && !seen.add(state.getAsLong())) {
        return STOP;
      }
      branch.add(new int[]{0, steps.size()});
      depth++;
      return 0;
    }

    @Override
    public boolean knows() {
      return depth < branch.size();
    }

    /** Turns to the next branch; false if there is none. */
    boolean next() {
      depth = 0;
      while (!branch.isEmpty()) {
        int[] last = branch.getLast();
        if (++last[0] < last[1]) {
          return true;
        }
        branch.removeLast();
      }
      return false;
    }
  }

  // ---- shortening ----------------------------------------------------------------------------------------------------

  /** Takes the steps named, in order, as far as they are possible, and then stops. */
  private static final class Following implements World.Chooser {

    private final List<String> way;
    private int next;

    Following(List<String> way) {
      this.way = way;
    }

    @Override
    public int choose(List<Step> steps, @Nullable LongSupplier state) {
      while (next < way.size()) {
        String wanted = way.get(next++);
        for (int i = 0; i < steps.size(); i++) {
          if (steps.get(i).name().equals(wanted)) {
            return i;
          }
        }
      }
      if (state != null) {
        return STOP;
      }
      return 0;
    }
  }

  private Found shorten(
      World.Budget budget, String problem, List<String> found, boolean random, @Nullable Long order, String origin) {
    List<String> way = List.copyOf(found);
    Long shuffle = order;
    List<String> unshuffled = order == null ? null : replay(budget, problem, way, random, null);
    if (unshuffled != null) {
      way = unshuffled;
      shuffle = null;
    }
    boolean shorter = true;
    while (shorter) {
      shorter = false;
      for (int i = way.size() - 1; i >= 0; i--) {
        if (i < way.size()) {
          List<String> tried = new ArrayList<>(way);
          tried.remove(i);
          List<String> still = replay(budget, problem, tried, random, shuffle);
          if (still != null && still.size() < way.size()) {
            way = still;
            shorter = true;
          }
        }
      }
    }
    return new Found(scenario, problem, way, origin);
  }

  /** The way really gone by following another, if the same promise breaks on it; null otherwise. */
  private @Nullable List<String> replay(
      World.Budget budget, String problem, List<String> way, boolean random, @Nullable Long order) {
    World world = new World(scenario, without, budget, embedder, search, new Following(way), random,
        order == null ? null : new Random(order));
    String same = world.run();
    return same != null && same.charAt(0) == problem.charAt(0) ? world.way() : null;
  }
}
