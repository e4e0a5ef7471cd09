package dev.memlane.storage.postgres;

import dev.memlane.model.StoreKind;
import java.util.List;
import java.util.function.Supplier;

/**
 * What one store does in a unit: statements that run one after the other, each of which sees what those before it did.
 *
 * @param store whose part it is
 * @param steps in their order; the last one's answer is the part's
 * @param refusal why the part is not applied where its last statement returns no row for it
 */
public record Part(StoreKind store, List<Step<?>> steps, Supplier<? extends Throwable> refusal) {

  /**
   * One statement with the values for one unit.
   *
   * @param phase statements of a lower phase run before those of a higher one, over all units of a batch
   */
  public record Step<I>(int phase, UnitStatement<I> statement, I item) {}

  public Part {
    steps = List.copyOf(steps);
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("a part has at least one step");
    }
  }

  /** A part of one statement. */
  public static <I> Part of(
      StoreKind store, int phase, UnitStatement<I> statement, I item, Supplier<? extends Throwable> refusal) {
    return new Part(store, List.of(new Step<>(phase, statement, item)), refusal);
  }
}
