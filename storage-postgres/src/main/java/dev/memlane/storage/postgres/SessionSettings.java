package dev.memlane.storage.postgres;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the server is told before it runs statements of ours: where the tables are, how long a statement may take, how to
 * plan. Said once when a connection of our own starts, or in every transaction where connections belong to others: a
 * setting of a transaction ends with it. Immutable.
 */
final class SessionSettings {

  private final Map<String, String> values;

  private SessionSettings(Map<String, String> values) {
    this.values = values;
  }

  /** For reads: their plan depends on what is asked for, so each is planned. */
  static SessionSettings reading(DatabaseSchema schema, Duration statementTimeout, Duration lockTimeout,
      Duration idleInTransactionTimeout) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("search_path", '"' + schema.name() + '"');
    values.put("statement_timeout", Long.toString(statementTimeout.toMillis()));
    values.put("lock_timeout", Long.toString(lockTimeout.toMillis()));
    values.put("idle_in_transaction_session_timeout", Long.toString(idleInTransactionTimeout.toMillis()));
    values.put("client_connection_check_interval", "5000");
    // A batch is no work for the JIT.
    values.put("jit", "off");
    values.put("plan_cache_mode", "force_custom_plan");
    return new SessionSettings(values);
  }

  /**
   * The same for units. Planning their statements takes longer than running them, so they are planned once where the
   * connection stays; and so that the plan is right for tables of any size, rows are found by index in any case.
   */
  SessionSettings forWriting() {
    return with("plan_cache_mode", "force_generic_plan").with("enable_seqscan", "off").with("enable_mergejoin", "off");
  }

  SessionSettings with(String name, String value) {
    Map<String, String> changed = new LinkedHashMap<>(values);
    changed.put(name, value);
    return new SessionSettings(changed);
  }

  /** For the start-up parameter {@code options}. No value has a blank in it. */
  String asOptions() {
    return values.entrySet().stream().map(setting -> "-c " + setting.getKey() + "=" + setting.getValue())
        .collect(Collectors.joining(" "));
  }

  /** A statement that makes the settings hold until the end of the transaction. Returns one row. No value has a quote. */
  String asStatement() {
    return values.entrySet().stream()
        .map(setting -> "set_config('" + setting.getKey() + "', '" + setting.getValue() + "', true)")
        .collect(Collectors.joining(", ", "select ", ""));
  }
}
