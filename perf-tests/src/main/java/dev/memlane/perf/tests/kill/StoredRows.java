package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The rows of core and the history, read from their tables and past all of the product's code.
 *
 * @param core the rows by memory, void ones included
 * @param history the non-void entries by memory, in order of version
 */
record StoredRows(Map<MemoryId, Row> core, Map<MemoryId, List<Entry>> history) {

  /** The codes of a row's states in the table. */
  static final int LIVE = 1;
  static final int DELETED = 2;
  static final int VOID = 3;

  /** A row of core. */
  record Row(MemoryId memory, int state, int version, OperationId op, @Nullable String user, @Nullable String key,
      @Nullable String content, @Nullable String token, boolean hasVector) {
    @Override
    public String toString() {
      return "core: " + memory + " state " + state + " version " + version + " op " + op + " user " + user + " key "
          + key
          + " token " + token + " content " + content + (hasVector ? "" : " without a vector");
    }
  }

  /** An entry of the history. */
  record Entry(MemoryId memory, OperationId op, int version, Operation.Kind kind, @Nullable String oldContent,
      @Nullable String newContent, @Nullable String token) {
    @Override
    public String toString() {
      return "history: " + memory + " version " + version + " " + kind + " op " + op + " token " + token + " content "
          + oldContent + " -> " + newContent;
    }
  }

  static StoredRows read(Connection connection) throws SQLException {
    return read(connection, "");
  }

  /** @param except a pattern of LIKE; the memories of such users are not read */
  static StoredRows read(Connection connection, String except) throws SQLException {
    Map<MemoryId, Row> core = new TreeMap<>();
    Map<MemoryId, List<Entry>> history = new TreeMap<>();
    try (PreparedStatement memories = connection.prepareStatement("""
        select id, state, version, op, user_id, key, content, metadata->>'token' as token,
          exists (select 1 from memlane.memory_vector v where v.memory_id = m.id) as has_vector
        from memlane.memory m where not coalesce(user_id, '-') like ?""");
        PreparedStatement entries = connection.prepareStatement("""
            select op, memory_id, version, kind, old_content, new_content,
              case kind when 3 then actor else new_metadata->>'token' end as token
            from memlane.history where not void and not exists (
              select 1 from memlane.memory m where m.id = memory_id and coalesce(m.user_id, '-') like ?)
            order by memory_id, version""")) {
      memories.setString(1, except);
      entries.setString(1, except);
      try (ResultSet rows = memories.executeQuery()) {
        while (rows.next()) {
          MemoryId id = new MemoryId(rows.getObject("id", UUID.class));
          core.put(id, new Row(id, rows.getInt("state"), rows.getInt("version"),
              new OperationId(rows.getObject("op", UUID.class)), rows.getString("user_id"), rows.getString("key"),
              rows.getString("content"), rows.getString("token"), rows.getBoolean("has_vector")));
        }
      }
      try (ResultSet rows = entries.executeQuery()) {
        while (rows.next()) {
          MemoryId id = new MemoryId(rows.getObject("memory_id", UUID.class));
          history.computeIfAbsent(id, memory -> new ArrayList<>())
              .add(new Entry(id, new OperationId(rows.getObject("op", UUID.class)), rows.getInt("version"),
                  kind(rows.getInt("kind")), rows.getString("old_content"),
                  rows.getString("new_content"), rows.getString("token")));
        }
      }
    }
    return new StoredRows(core, history);
  }

  private static Operation.Kind kind(int number) {
    return switch (number) {
      case 1 -> Operation.Kind.ADD;
      case 2 -> Operation.Kind.UPDATE;
      case 3 -> Operation.Kind.DELETE;
      default -> throw new IllegalStateException("no victim makes entries of kind " + number);
    };
  }

  /** Describes everything stored about one memory, for people. */
  List<String> describe(MemoryId memory) {
    List<String> lines = new ArrayList<>();
    Row row = core.get(memory);
    lines.add(row == null ? "core: nothing" : row.toString());
    history.getOrDefault(memory, List.of()).forEach(entry -> lines.add(entry.toString()));
    return lines;
  }
}
