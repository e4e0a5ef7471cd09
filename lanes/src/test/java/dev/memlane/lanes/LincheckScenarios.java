package dev.memlane.lanes;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;

/** Writes down what Lincheck is to do: {@code submit 5; next | cancel 3} is two things in one thread, and one in another. */
final class LincheckScenarios {

  private LincheckScenarios() {}

  /** As many ways of switching between the threads are tried as it takes to meet faults that were made on purpose. */
  static ModelCheckingOptions options(Class<?> specification, int ways) {
    ModelCheckingOptions options = new ModelCheckingOptions().iterations(0).invocationsPerIteration(ways)
        .sequentialSpecification(specification);
    // They reckon much, and only under the executor's lock: there is nothing to be found by switching there.
    return options.loopBound(1_000).addGuarantee(ManagedStrategyGuaranteeKt
        .forClasses(RecentRate.class.getName(), RecentDurations.class.getName()).allMethods().treatAsAtomic());
  }

  /**
   * @param before what is done first, by one thread; may be empty
   * @param scenario what is done at the same time
   * @param after what is done in the end, by one thread
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

  /** An operation's name, and the number of the job that it is about if it is about one. */
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
