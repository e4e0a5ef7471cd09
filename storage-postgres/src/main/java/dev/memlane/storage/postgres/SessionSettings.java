package dev.memlane.storage.postgres;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The server's settings for our statements: where the tables are, how long a statement may take, how to plan. They are
 * set once when a connection of our own starts, or in every transaction where connections belong to others, because
 * such a setting ends with its transaction. Immutable.
 */
final class SessionSettings {

  private final Map<String, String> values;

  private SessionSettings(Map<String, String> values) {
    this.values = values;
  }

  /** The settings for reads: each is planned anew, because the best plan depends on the scope and the filter. */
  static SessionSettings reading(DatabaseSchema schema, Duration statementTimeout, Duration lockTimeout,
      Duration idleInTransactionTimeout) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("search_path", '"' + schema.name() + '"');
    values.put("statement_timeout", Long.toString(statementTimeout.toMillis()));
    values.put("lock_timeout", Long.toString(lockTimeout.toMillis()));
    values.put("idle_in_transaction_session_timeout", Long.toString(idleInTransactionTimeout.toMillis()));
    values.put("client_connection_check_interval", "5000");
    // Statements are too short to gain from the JIT.
    values.put("jit", "off");
    values.put("plan_cache_mode", "force_custom_plan");
    return new SessionSettings(values);
  }

  /**
   * The settings for units. Planning their statements takes longer than running them, so they are planned once per
   * connection. To make that plan right for tables of any size, rows are always found by index.
   */
  SessionSettings forWriting() {
    return with("plan_cache_mode", "force_generic_plan").with("enable_seqscan", "off").with("enable_mergejoin", "off");
  }

  SessionSettings with(String name, String value) {
    Map<String, String> changed = new LinkedHashMap<>(values);
    changed.put(name, value);
    return new SessionSettings(changed);
  }

  /** The settings as the start-up parameter {@code options}. Blanks in values must be escaped. */
  String asOptions() {
    return values.entrySet().stream().map(setting -> "-c " + setting.getKey() + "=" + setting.getValue())
        .collect(Collectors.joining(" "));
  }

  /** A statement that sets them until the end of the transaction and returns one row. No value contains a quote. */
  String asStatement() {
    return values.entrySet().stream()
        .map(setting -> "set_config('" + setting.getKey() + "', '" + setting.getValue() + "', true)")
        .collect(Collectors.joining(", ", "select ", ""));
  }
}
