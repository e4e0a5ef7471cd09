package dev.memlane.server.internal.api;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Problems;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The items of a batch: each is a memory to write, or the problem for which it can't be. */
final class BatchItems {

  private record Item(@Nullable NewMemory memory, @Nullable Problem problem) {}

  private final List<Item> items;

  private BatchItems(List<Item> items) {
    this.items = items;
  }

  /** Reads each body; one that is invalid is reported in its place, and the others are written. */
  static BatchItems read(List<MemoryBody> bodies, Function<MemoryBody, NewMemory> toMemory) {
    List<Item> items = new ArrayList<>(bodies.size());
    for (MemoryBody body : bodies) {
      try {
        if (body == null) {
          throw new InvalidInputException("the item is null; it must be a memory");
        }
        items.add(new Item(toMemory.apply(body), null));
      } catch (InvalidInputException e) {
        items.add(new Item(null, Problem.invalid(String.valueOf(e.getMessage()))));
      } catch (ProblemException e) {
        items.add(new Item(null, e.problem()));
      }
    }
    return new BatchItems(items);
  }

  /** The memories to write, in their order. */
  List<NewMemory> valid() {
    return items.stream().flatMap(item -> Stream.ofNullable(item.memory)).toList();
  }

  /**
   * The results of all items, in their order.
   *
   * @param outcomes those of the {@linkplain #valid valid} ones
   */
  List<Map<String, @Nullable Object>> results(List<WriteOutcome> outcomes) {
    Iterator<WriteOutcome> next = outcomes.iterator();
    return items.stream().map(item -> item.problem == null ? result(next.next()) : result("refused", item.problem))
        .toList();
  }

  static Map<String, @Nullable Object> result(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Stored stored -> result("stored", "memory", stored.memory());
      case WriteOutcome.Replaced replaced -> result("replaced", "memory", replaced.memory());
      case WriteOutcome.DuplicateOf duplicate -> result("duplicate", "memory", duplicate.memory());
      default -> result(outcome.name(), Problems.of(outcome));
    };
  }

  static Map<String, @Nullable Object> result(String outcome, Problem problem) {
    return result(outcome, "problem", problem.document());
  }

  private static Map<String, @Nullable Object> result(String outcome, String name, Object value) {
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("outcome", outcome);
    result.put(name, value);
    return result;
  }
}
