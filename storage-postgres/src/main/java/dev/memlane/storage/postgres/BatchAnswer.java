package dev.memlane.storage.postgres;

import dev.memlane.model.OperationId;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rows that the statements of a batch returned: for each statement, the version by operation. */
final class BatchAnswer {

  private final Map<UnitStatement<?>, Map<OperationId, Integer>> rows = new HashMap<>();

  void put(UnitStatement<?> statement, Map<OperationId, Integer> versions) {
    rows.put(statement, versions);
  }

  /** The version that a statement returned for an operation, or null if it returned no row for it. */
  @Nullable
  Integer version(UnitStatement<?> statement, OperationId op) {
    Map<OperationId, Integer> versions = rows.get(statement);
    return versions == null ? null : versions.get(op);
  }

  /**
   * Whether a statement that passes over locked rows returned nothing for the unit, so that it may have passed it over.
   */
  boolean mayHaveSkipped(DatabaseUnit unit) {
    for (Part part : unit.parts()) {
      for (Part.Step<?> step : part.steps()) {
        if (step.statement().skippingSql() != null && version(step.statement(), unit.op()) == null) {
          return true;
        }
      }
    }
    return false;
  }
}
