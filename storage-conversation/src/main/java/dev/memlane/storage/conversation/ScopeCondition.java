package dev.memlane.storage.conversation;

import dev.memlane.model.Scope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * A condition on a conversation's scope.
 *
 * @param sql with the names of its values
 * @param values by name
 */
record ScopeCondition(String sql, Map<String, String> values) {

  /** Exactly this scope. */
  static ScopeCondition exactly(Scope scope) {
    return of(scope, true);
  }

  /** Every scope that this one matches. */
  static ScopeCondition within(Scope scope) {
    return of(scope, false);
  }

  /** Any scope. */
  static ScopeCondition any() {
    return new ScopeCondition("true", Map.of());
  }

  private static ScopeCondition of(Scope scope, boolean exactly) {
    StringBuilder sql = new StringBuilder("true");
    Map<String, String> values = new LinkedHashMap<>();
    add(sql, values, "run", scope.run(), exactly);
    add(sql, values, "user", scope.user(), exactly);
    add(sql, values, "agent", scope.agent(), exactly);
    return new ScopeCondition(sql.toString(), values);
  }

  private static void add(
      StringBuilder sql, Map<String, String> values, String name, @Nullable String value, boolean exactly) {
    if (value != null) {
      sql.append(" and ").append(name).append("_id = :").append(name);
      values.put(name, value);
    } else if (exactly) {
      sql.append(" and ").append(name).append("_id is null");
    }
  }

  <S extends SqlStatement<S>> S bind(S statement) {
    values.forEach(statement::bind);
    return statement;
  }
}
