package dev.memlane.storage.postgres;

import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement that does the same for many units at once: a store's share of a batch.
 *
 * <p>
 * It returns one row for each unit for which it did (or found) something: the unit's operation id and a version, in
 * this order. A unit without a row was not applied. A store makes each of its statements once: a batch puts together
 * the units that share one.
 *
 * @param <I> what the statement needs to know of one unit
 * @param name for messages
 * @param sql takes the lock that it waits for
 * @param skippingSql the same, but passes over rows that others have locked; null where the statement locks no rows
 * that were there before
 * @param binder binds the units' values
 */
public record UnitStatement<I>(String name, String sql, @Nullable String skippingSql,
    Binder<I> binder) {

  /** Binds the values of many units, a column each. */
  @FunctionalInterface
  public interface Binder<I> {

    void bind(ArrayBinder binder, List<I> items) throws SQLException;
  }
}
