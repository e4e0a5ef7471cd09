package dev.memlane.storage.postgres;

import java.sql.SQLException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A statement that does the same for many units at once: a store's share of a batch.
 *
 * <p>
 * It returns one row for each unit for which it did (or found) something: the unit's operation id and a version, in
 * this order. A unit without a row was not applied. A store makes each of its statements once: a batch puts together
 * the units that share one.
 *
 * <p>
 * All parameters are arrays, inside of one {@code unnest(?::uuid[], ...)} or of {@code any(?::uuid[])}; where there is more
 * than one step, the first is {@code with x as (select * from unnest(...))}. A batch of one unit gets the same statement with
 * one value for each and without sorting, which costs the server less ({@link #singleSql}), unless it gives a statement
 * more than one row.
 *
 * @param <I> what the statement needs to know of one unit
 */
public final class UnitStatement<I> {

  private static final Pattern COLUMNS = Pattern.compile("unnest\\(([^()]*)\\)");
  private static final Pattern VALUES = Pattern.compile("with x as \\(");
  private static final Pattern ORDER = Pattern.compile(" order by [\\w.]+");
  private static final Pattern ANY = Pattern.compile("any\\((\\?::\\w+)\\[]\\)");

  private final String name;
  private final String sql;
  private final String singleSql;
  private final @Nullable String skippingSql;
  private final Binder<I> binder;

  /**
   * @param name for messages
   * @param sql takes the lock that it waits for
   * @param skippingSql the same, but passes over rows that others have locked; null where the statement locks no rows
   * that were there before
   * @param binder binds the units' values
   */
  public UnitStatement(String name, String sql, @Nullable String skippingSql, Binder<I> binder) {
    this.name = name;
    this.sql = sql;
    this.skippingSql = skippingSql;
    this.binder = binder;
    this.singleSql = single(sql);
  }

  /** A single row is put into each step as it is, instead of being made once, kept and read again. */
  private static String single(String sql) {
    String values = COLUMNS.matcher(sql).replaceAll(found -> "(values (" + found.group(1).replace("[]", "") + "))");
    String inlined = VALUES.matcher(values).replaceAll("with x as not materialized (");
    return ANY.matcher(ORDER.matcher(inlined).replaceAll("")).replaceAll("$1");
  }

  /** Binds the values of many units, a column each. */
  @FunctionalInterface
  public interface Binder<I> {

    void bind(ArrayBinder binder, List<I> items) throws SQLException;
  }

  String name() {
    return name;
  }

  /** For many units. */
  String sql() {
    return sql;
  }

  /** For one unit. */
  String singleSql() {
    return singleSql;
  }

  @Nullable
  String skippingSql() {
    return skippingSql;
  }

  Binder<I> binder() {
    return binder;
  }

  @Override
  public String toString() {
    return name;
  }
}
