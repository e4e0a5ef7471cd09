package dev.memlane.storage.tasks;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table of tasks.
 *
 * @param payload null for a dead letter that can't be run from here
 * @param withinMillis the time from submission to deadline; null for none
 * @param claim the id of the last attempt by a worker outside; null if there was none
 * @param leaseUntil until when that worker has the task, unless the attempt has ended; null if there was none
 */
record TaskRow(LaneTask task, String runner, @Nullable String key, @Nullable String payload,
    @Nullable Long withinMillis, @Nullable String claim, @Nullable Instant leaseUntil) {

  static final String COLUMNS = "id, runner, lane, name, key, payload, durable, idempotent, within_millis, deadline, "
      + "state, attempt, claim, lease_until, result, failures, submitted_at, started_at, ended_at";

  static TaskRow read(ResultSet row) throws SQLException {
    long within = row.getLong("within_millis");
    Long withinMillis = row.wasNull() ? null : within;
    LaneTask task = new LaneTask(row.getObject("id", UUID.class), row.getString("lane"), row.getString("name"),
        row.getBoolean("durable"), row.getBoolean("idempotent"), TaskState.of(row.getInt("state")),
        row.getInt("attempt"), row.getObject("submitted_at", OffsetDateTime.class).toInstant(),
        time(row, "deadline"), time(row, "started_at"), time(row, "ended_at"), row.getString("result"),
        texts(row.getArray("failures")));
    return new TaskRow(task, row.getString("runner"), row.getString("key"), row.getString("payload"), withinMillis,
        row.getString("claim"), time(row, "lease_until"));
  }

  /** A row of a task that no worker outside has. */
  static TaskRow unclaimed(LaneTask task, String runner, @Nullable String key, @Nullable String payload,
      @Nullable Long withinMillis) {
    return new TaskRow(task, runner, key, payload, withinMillis, null, null);
  }

  /** Whether a worker outside had the task at this time, by a claim whose lease goes on. */
  boolean isHeld(Instant at) {
    return task.state() == TaskState.RUNNING && claim != null && leaseUntil != null && leaseUntil.isAfter(at);
  }

  private static @Nullable Instant time(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  private static List<String> texts(Array array) throws SQLException {
    return List.of((String[]) array.getArray());
  }

  /** Leaves out payload and result. */
  @Override
  public String toString() {
    return "TaskRow[" + task + "]";
  }
}
