package dev.memlane.orchestrator.exploration;

import dev.memlane.embedding.BatchingEmbedder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs a scenario many times, each time on another path of steps, and looks for a path that breaks a promise.
 *
 * <p>
 * <b>The exhaustive walk.</b> Real code cannot be copied in the middle of a run, so a state is reached again by
 * repeating the choices from the start: a depth-first walk over the tree of choices, with one run for each branch. A
 * state that was seen before is not explored again. That is exact, unless two states have the same 64-bit digest: a
 * process is deterministic, so what it has received, in order, is its state. Callers raise the budget step by step, so
 * the first problem found needs the fewest faults.
 *
 * <p>
 * <b>Random runs</b> go further: with more faults than an exhaustive walk could cover, and with the tasks inside a
 * process shuffled. Each has a seed that runs it again.
 *
 * <p>
 * A path that was found is shortened: steps are left out, one after the other, as long as the same promise breaks.
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

  /** A path to a broken promise. */
  record Found(Scenario scenario, String problem, List<String> path, String origin) {
    @Override
    public String toString() {
      return scenario + " breaks promise " + problem + "\n  found by " + origin + "; the shortest path found:\n    "
          + String.join("\n    ", path);
    }
  }

  long runs() {
    return runs;
  }

  long states() {
    return states;
  }

  /** Whether the last walk covered everything. */
  boolean isExhausted() {
    return exhausted;
  }

  /**
   * Walks all paths within the budget until a promise breaks.
   *
   * @param more whether to walk another way; asked before each
   */
  @Nullable
  Found all(World.Budget budget, BooleanSupplier more) {
    DepthFirst chooser = new DepthFirst();
    exhausted = false;
    while (!exhausted && more.getAsBoolean()) {
      World world = new World(scenario, without, budget, embedder, search, chooser, false, null);
      String problem = world.run();
      runs++;
      if (problem != null) {
        return shorten(budget, problem, world.path(), false, null,
            "the exhaustive walk with at most " + describe(budget));
      }
      exhausted = !chooser.next();
    }
    states += chooser.seen.size();
    return null;
  }

  /** Runs one random path. */
  @Nullable
  Found random(World.Budget budget, long seed) {
    Random random = new Random(seed);
    World world = new World(scenario, without, budget, embedder, search, randomly(random), true, new Random(seed + 1));
    String problem = world.run();
    runs++;
    return problem == null
        ? null
        : shorten(budget, problem, world.path(), true, seed + 1, "seed " + seed + " with at most " + describe(budget));
  }

  private static World.Chooser randomly(Random random) {
    return (steps, state) -> {
      // Every list of steps has many faults: without this, most runs would spend their budget at the beginning.
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
    return budget.faults() + " faults, " + budget.crashes() + " crashes and " + budget.commits() + " commits";
  }

  // ---- walking the tree ----------------------------------------------------------------------------------------------

  /** Makes the choices of the next branch, depth first, and remembers the states that it has seen. */
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
    public boolean isReplaying() {
      return depth < branch.size();
    }

    /** Moves to the next branch; false if there is none. */
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

  /** Takes the named steps in order, skips those that are not possible, and then stops. */
  private static final class Replay implements World.Chooser {

    private final List<String> path;
    private int next;

    Replay(List<String> path) {
      this.path = path;
    }

    @Override
    public int choose(List<Step> steps, @Nullable LongSupplier state) {
      while (next < path.size()) {
        String wanted = path.get(next++);
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
    List<String> path = List.copyOf(found);
    Long shuffle = order;
    List<String> unshuffled = order == null ? null : replay(budget, problem, path, random, null);
    if (unshuffled != null) {
      path = unshuffled;
      shuffle = null;
    }
    boolean shorter = true;
    while (shorter) {
      shorter = false;
      for (int i = path.size() - 1; i >= 0; i--) {
        if (i < path.size()) {
          List<String> tried = new ArrayList<>(path);
          tried.remove(i);
          List<String> still = replay(budget, problem, tried, random, shuffle);
          if (still != null && still.size() < path.size()) {
            path = still;
            shorter = true;
          }
        }
      }
    }
    return new Found(scenario, problem, path, origin);
  }

  /** The path that was actually taken when replaying this one, if it breaks the same promise; null otherwise. */
  private @Nullable List<String> replay(
      World.Budget budget, String problem, List<String> path, boolean random, @Nullable Long order) {
    World world = new World(scenario, without, budget, embedder, search, new Replay(path), random,
        order == null ? null : new Random(order));
    String same = world.run();
    return same != null && same.charAt(0) == problem.charAt(0) ? world.path() : null;
  }
}
