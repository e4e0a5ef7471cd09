package dev.memlane.storage.core;

import dev.memlane.model.Filter;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import java.time.Instant;
import java.util.Collection;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * The conditions of reads of the table {@code memory}, alias m, and the binding of their values.
 *
 * <p>
 * The condition on the state decides which index is used. With the indexes of scopes, which hold live rows only, it
 * names that state. Elsewhere it names the states to leave out: without statistics, a server assumes that any value is
 * rare, and would read and sort the rest of the table for each page instead of following the primary key.
 */
final class ReadConditions {

  /** The rows that are not void, for pages in order of id. */
  static final String NOT_VOID = "m.state <> 3";

  /** The live rows, for the indexes of scopes, which hold no others. */
  private static final String LIVE = "m.state = 1";
  /** The live rows, for pages in order of id or time. */
  private static final String NEITHER_DELETED_NOR_VOID = "m.state not in (2, 3)";
  /** The rows that have not expired at the time {@code :now}; begins with {@code and}. */
  static final String UNEXPIRED = " and (m.expires_at is null or m.expires_at > :now)";

  private ReadConditions() {}

  /**
   * Creates a query for the live memories in a scope that pass a filter and have not expired, all of it optional.
   *
   * @param head the statement up to its where
   * @param more further conditions, which begin with {@code and}
   * @param tail order and limit
   */
  static Query live(Handle handle, String head, @Nullable Scope scope, @Nullable Filter filter,
      @Nullable Instant unexpiredAt, String more, String tail) {
    StringBuilder sql = new StringBuilder(head).append(" where ")
        .append(scope == null ? NEITHER_DELETED_NOR_VOID : LIVE)
        .append(unexpiredAt == null ? "" : UNEXPIRED);
    FilterSql filterSql = filter == null ? null : FilterSql.of(filter);
    sql.append(within(scope));
    if (filterSql != null) {
      sql.append(" and ").append(filterSql.condition());
    }
    Query query = handle.createQuery(sql.append(more).append(tail).toString());
    if (unexpiredAt != null) {
      query.bind("now", unexpiredAt);
    }
    if (scope != null) {
      bindScope(query, scope);
    }
    if (filterSql != null) {
      filterSql.bind(query);
    }
    return query;
  }

  /** The rows in a scope, which may leave parts open; begins with {@code and}. */
  static String within(@Nullable Scope scope) {
    return scope == null
        ? ""
        : (scope.user() == null ? "" : " and m.user_id = :user")
            + (scope.agent() == null ? "" : " and m.agent_id = :agent")
            + (scope.run() == null ? "" : " and m.run_id = :run");
  }

  /** The rows of exactly this scope; begins with {@code and}. */
  static String exactly(Scope scope) {
    return (scope.user() == null ? " and m.user_id is null" : " and m.user_id = :user")
        + (scope.agent() == null ? " and m.agent_id is null" : " and m.agent_id = :agent")
        + (scope.run() == null ? " and m.run_id is null" : " and m.run_id = :run");
  }

  static void bindScope(SqlStatement<?> statement, Scope scope) {
    bindIfNamed(statement, "user", scope.user());
    bindIfNamed(statement, "agent", scope.agent());
    bindIfNamed(statement, "run", scope.run());
  }

  private static void bindIfNamed(SqlStatement<?> statement, String name, @Nullable String value) {
    if (value != null) {
      statement.bind(name, value);
    }
  }

  /** The rows after an id; begins with {@code and}. */
  static String after(@Nullable MemoryId after) {
    return after == null ? "" : " and m.id > :after";
  }

  static void bindAfter(SqlStatement<?> statement, @Nullable MemoryId after) {
    if (after != null) {
      statement.bind("after", after.value());
    }
  }

  /** The ids as the value of an array parameter. */
  static UUID[] uuids(Collection<MemoryId> ids) {
    return ids.stream().map(MemoryId::value).toArray(UUID[]::new);
  }
}
