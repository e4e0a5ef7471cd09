package dev.memlane.storage.postgres;

import dev.memlane.model.StoreKind;
import java.util.List;
import java.util.function.Supplier;

/**
 * One store's part of a unit: statements that run one after the other, each seeing the effects of those before it.
 *
 * @param steps in order; the last one's answer is the part's
 * @param refusal the reason that is reported if the last statement returns no row for the unit
 */
public record Part(StoreKind store, List<Step<?>> steps, Supplier<? extends Throwable> refusal) {

  /**
   * One statement with one unit's values.
   *
   * @param phase in a batch, all statements of a lower phase run before those of a higher one
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
