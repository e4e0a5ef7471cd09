package dev.memlane.lanes;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;

/**
 * Scenarios for Lincheck as text: {@code submit 5; next | cancel 3} is two operations in one thread, and one in
 * another.
 */
final class LincheckScenarios {

  private LincheckScenarios() {}

  /** @param ways how many interleavings are tried; enough to find faults that were injected on purpose */
  static ModelCheckingOptions options(Class<?> specification, int ways) {
    ModelCheckingOptions options = new ModelCheckingOptions().iterations(0)
        .invocationsPerIteration(ways)
        .sequentialSpecification(specification);
    // How long one interleaving may take until it counts as hung: 10 seconds are too few on a busy machine, because
    // classes are transformed meanwhile. Kotlin gives the method this name, as it is internal there.
    options.invocationTimeout$lincheck(TimeUnit.MINUTES.toMillis(2));
    // They compute much, and only under the executor's lock, so interleaving them would find nothing.
    return options.loopBound(1_000).addGuarantee(ManagedStrategyGuaranteeKt
        .forClasses(RecentRate.class.getName(), RecentDurations.class.getName()).allMethods().treatAsAtomic());
  }

  /** Every twentieth scenario, or all with {@code -Dmemlane.interleavings=all}: each costs much besides its interleavings. */
  static List<String> sample(List<String> scenarios) {
    int step = "all".equals(System.getProperty("memlane.interleavings")) ? 1 : 20;
    return IntStream.range(0, scenarios.size()).filter(i -> i % step == 0).mapToObj(scenarios::get).toList();
  }

  /**
   * @param before the operations of one thread at the beginning; may be empty
   * @param scenario the concurrent operations
   * @param after the operations of one thread at the end
   */
  static ExecutionScenario scenario(Class<?> test, String before, String scenario, String after) {
    List<List<Actor>> threads = Arrays.stream(scenario.split(" \\| ", -1)).map(one -> actors(test, one)).toList();
    return new ExecutionScenario(actors(test, before), threads, actors(test, after), null);
  }

  private static List<Actor> actors(Class<?> test, String operations) {
    return operations.isEmpty()
        ? List.of()
        : Arrays.stream(operations.split("; ", -1)).map(operation -> actor(test, operation)).toList();
  }

  /** Parses an operation: its name, and the number of a job if it concerns one. */
  private static Actor actor(Class<?> test, String operation) {
    List<String> parts = List.of(operation.split(" ", 2));
    List<Integer> arguments = parts.subList(1, parts.size()).stream().map(Integer::valueOf).toList();
    Class<?>[] types = Collections.nCopies(arguments.size(), int.class).toArray(Class<?>[]::new);
    try {
      return new Actor(test.getMethod(parts.getFirst(), types), arguments);
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException("there is no operation " + operation, e);
    }
  }
}
