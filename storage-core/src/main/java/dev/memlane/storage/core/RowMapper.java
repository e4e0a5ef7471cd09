package dev.memlane.storage.core;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.CoreRow;
import dev.memlane.storage.postgres.MetadataJson;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The mapping of rows of the table {@code memory} to values. */
final class RowMapper {

  /** The columns that {@link #memory} and {@link #row} need, of a table with the alias m. */
  static final String COLUMNS = "m.id, m.state, m.version, m.op, m.stamp, m.user_id, m.agent_id, m.run_id, "
      + "m.key, m.actor, m.content, m.metadata, m.occurred_at, m.created_at, m.updated_at, m.expires_at, "
      + "m.dedup_hash is not null as is_unique";

  private RowMapper() {}

  static Memory memory(ResultSet row) throws SQLException {
    return new Memory(id(row), scope(row),
        row.getString("key"), row.getString("actor"), row.getString("content"),
        MetadataJson.read(row.getString("metadata")), instant(row, "occurred_at"), requireInstant(row, "created_at"),
        requireInstant(row, "updated_at"), instant(row, "expires_at"), row.getInt("version"), op(row));
  }

  /** Maps a row without its vector. */
  static CoreRow row(ResultSet row) throws SQLException {
    return row(row, null);
  }

  /**
   * Maps a row with its vector, which is the column named vector.
   *
   * @param vectors the model of the vectors, or null for rows without that column
   */
  static CoreRow row(ResultSet row, @Nullable VectorModel vectors) throws SQLException {
    CoreRow.State state = state(row);
    return new CoreRow(id(row), state, row.getInt("version"), op(row), row.getObject("stamp", UUID.class),
        state == CoreRow.State.LIVE ? memory(row) : null,
        vectors == null ? null : vectors.embedding(row.getBytes("vector")), row.getBoolean("is_unique"));
  }

  static MemoryId id(ResultSet row) throws SQLException {
    return new MemoryId(row.getObject("id", UUID.class));
  }

  static Scope scope(ResultSet row) throws SQLException {
    return new Scope(row.getString("user_id"), row.getString("agent_id"), row.getString("run_id"));
  }

  static OperationId op(ResultSet row) throws SQLException {
    return new OperationId(row.getObject("op", UUID.class));
  }

  static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  static Instant requireInstant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  static CoreRow.State state(ResultSet row) throws SQLException {
    int number = row.getInt("state");
    return switch (number) {
      case 1 -> CoreRow.State.LIVE;
      case 2 -> CoreRow.State.DELETED;
      case 3 -> CoreRow.State.VOID;
      default -> throw new IllegalStateException("the schema allows no state " + number);
    };
  }

  /** The number of a state in the column {@code state}. */
  static int number(CoreRow.State state) {
    return switch (state) {
      case LIVE -> 1;
      case DELETED -> 2;
      case VOID -> 3;
    };
  }
}
