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
 * this order. A unit without a row was not applied. Each store creates each of its statements once, and a batch groups
 * its units by statement.
 *
 * <p>
 * All parameters are arrays, within one {@code unnest(?::uuid[], ...)} or in {@code any(?::uuid[])}. Where the
 * statement has more than one step, the first is {@code with x as (select * from unnest(...))}. A batch of one unit
 * uses a variant with single values and without sorting, which costs the server less ({@link #singleSql}), unless the
 * unit has several rows for a statement.
 *
 * @param <I> the values of one unit
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
   * @param sql waits for locked rows
   * @param skippingSql the same, but passes over rows that other transactions have locked; null where the statement
   * locks no existing rows
   * @param binder binds the units' values
   */
  public UnitStatement(String name, String sql, @Nullable String skippingSql, Binder<I> binder) {
    this.name = name;
    this.sql = sql;
    this.skippingSql = skippingSql;
    this.binder = binder;
    this.singleSql = single(sql);
  }

  /** A single row is repeated in each step, instead of being materialized once and read again. */
  private static String single(String sql) {
    String values = COLUMNS.matcher(sql).replaceAll(found -> "(values (" + found.group(1).replace("[]", "") + "))");
    String inlined = VALUES.matcher(values).replaceAll("with x as not materialized (");
    return ANY.matcher(ORDER.matcher(inlined).replaceAll("")).replaceAll("$1");
  }

  /** Binds the values of many units, column by column. */
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
