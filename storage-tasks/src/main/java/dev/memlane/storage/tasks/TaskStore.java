package dev.memlane.storage.tasks;

import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The tables {@code lane_runner} and {@code lane_task}, as one runner writes them. Safe for use by several threads.
 *
 * <p>
 * <b>Fencing.</b> Every write locks the runner's row for sharing, and does nothing unless its epoch is still the one that
 * this process began. A process that opens the runner changes the epoch, and waits for the writes under way; what it
 * reads afterwards is all that the former process will ever have written. Locks end with their statement, so this works
 * through a pooler as well.
 *
 * <p>
 * <b>Repeats.</b> Each write is one statement with a condition on what it changes. It may run again after its answer was
 * lost, with the same result. All methods wait for the database, and throw a {@link StoreException} if it fails, and a
 * {@link TakenOverException} if the epoch is over.
 */
final class TaskStore {

  private static final String FENCE = """
      with fence as materialized (
        select 1 from lane_runner where name = :runner and epoch = :epoch for share
      ), changed as (
      """;
  private static final String COUNTS = """

        returning 1
      ) select (select count(*) from fence) as current, (select count(*) from changed) as changed""";
  private static final int PAGE = 1_000;

  private final Database database;
  private final String runner;
  private final long epoch;

  private TaskStore(Database database, String runner, long epoch) {
    this.database = database;
    this.runner = runner;
    this.epoch = epoch;
  }

  /** Begins a new epoch of a runner. */
  static TaskStore open(Database database, String runner) {
    long epoch = database.writeNow("opening the lanes", handle -> handle.createQuery("""
        insert into lane_runner (name, epoch, opened_at) values (:runner, 1, now())
        on conflict (name) do update set epoch = lane_runner.epoch + 1, opened_at = now() returning epoch""")
        .bind("runner", runner).mapTo(Long.class).one());
    return new TaskStore(database, runner, epoch);
  }

  String runner() {
    return runner;
  }

  // Writes

  /** A statement whose parameters are being bound. */
  private interface Binding {
    Query bind(Query query);
  }

  private boolean change(String what, String statement, Binding binding) {
    return database.writeNow(what, handle -> {
      Query query = handle.createQuery(FENCE + statement + COUNTS).bind("runner", runner).bind("epoch", epoch);
      return binding.bind(query).map((row, context) -> {
        if (row.getLong("current") == 0) {
          throw new TakenOverException(runner);
        }
        return row.getLong("changed") > 0;
      }).one();
    });
  }

  /** Checks that the epoch is still this one. */
  void requireCurrent() {
    boolean current = database.readNow("checking the lanes", handle -> handle
        .createQuery("select exists (select 1 from lane_runner where name = :runner and epoch = :epoch)")
        .bind("runner", runner).bind("epoch", epoch).mapTo(Boolean.class).one());
    if (!current) {
      throw new TakenOverException(runner);
    }
  }

  /**
   * Adds a row.
   *
   * @return false if there is one with this id or key
   */
  boolean add(TaskRow row) {
    LaneTask task = row.task();
    return change("writing a task down",
        """
            insert into lane_task (id, runner, lane, name, key, payload, durable, idempotent, within_millis, deadline, state,
              attempt, result, failures, submitted_at, ended_at)
            select :id, :runner, :lane, :name, cast(:key as text), cast(:payload as text), :durable, :idempotent,
              cast(:within as bigint), cast(:deadline as timestamptz), :state, :attempt, cast(:result as text),
              cast(:failures as text[]), cast(:submitted as timestamptz), cast(:ended as timestamptz)
            from fence on conflict do nothing""",
        query -> query.bind("id", task.id()).bind("lane", task.lane()).bind("name", task.name())
            .bind("key", row.key()).bind("payload", row.payload()).bind("durable", task.durable())
            .bind("idempotent", task.idempotent()).bind("within", row.withinMillis()).bind("deadline", task.deadline())
            .bind("state", task.state().number()).bind("attempt", task.attempt()).bind("result", task.result())
            .bindArray("failures", String.class, task.failures()).bind("submitted", task.submittedAt())
            .bind("ended", task.endedAt()));
  }

  /**
   * Writes down that an attempt begins.
   *
   * @param claim null for an attempt in this process
   * @param leaseUntil until when the worker has the task; null for an attempt in this process
   * @return false if the task has ended, or a later attempt has begun
   */
  boolean start(UUID id, int attempt, @Nullable String claim, @Nullable Instant leaseUntil, Instant at) {
    return change("writing down that a task begins", """
        update lane_task t set state = 2, attempt = :attempt, claim = cast(:claim as text),
          lease_until = cast(:until as timestamptz), started_at = cast(:at as timestamptz)
        from fence where t.id = :id and t.runner = :runner and t.state <= 2
          and (t.attempt < :attempt
            or t.attempt = :attempt and t.state = 2 and t.claim is not distinct from cast(:claim as text))""",
        query -> query.bind("id", id).bind("attempt", attempt).bind("claim", claim).bind("until", leaseUntil)
            .bind("at", at));
  }

  /** Writes down until when a worker has the task that it claimed; returns false if the claim is over. */
  boolean renew(UUID id, int attempt, String claim, Instant leaseUntil) {
    return change("writing down that a claim is renewed", """
        update lane_task t set lease_until = cast(:until as timestamptz)
        from fence where t.id = :id and t.runner = :runner and t.state = 2 and t.attempt = :attempt
          and t.claim = :claim""",
        query -> query.bind("id", id).bind("attempt", attempt).bind("claim", claim).bind("until", leaseUntil));
  }

  /** Writes down that nobody began to work on an attempt after all. */
  boolean takeBack(UUID id, int attempt) {
    return change("writing down that a task waits again", """
        update lane_task t set state = 1, attempt = t.attempt - 1, claim = null, lease_until = null
        from fence where t.id = :id and t.runner = :runner and t.state = 2 and t.attempt = :attempt""",
        query -> query.bind("id", id).bind("attempt", attempt));
  }

  /** Writes down that an attempt has failed, and another will follow. */
  boolean retry(UUID id, int attempt, String failure) {
    return change("writing down that a task failed", """
        update lane_task t set state = 1, failures = t.failures || cast(:failures as text[])
        from fence where t.id = :id and t.runner = :runner and t.state = 2 and t.attempt = :attempt and t.idempotent""",
        query -> query.bind("id", id).bind("attempt", attempt).bindArray("failures", String.class, failure));
  }

  /** Writes down how a task has ended; returns false if it had ended otherwise before. */
  boolean end(UUID id, TaskState state, @Nullable String result, List<String> failures, Instant at) {
    return change("writing down how a task ended", """
        update lane_task t set state = :state, result = cast(:result as text), failures = cast(:failures as text[]),
          ended_at = cast(:at as timestamptz)
        from fence where t.id = :id and t.runner = :runner
          and (t.state <= 2 or t.state = :state and t.ended_at = cast(:at as timestamptz))""",
        query -> query.bind("id", id).bind("state", state.number()).bind("result", result)
            .bindArray("failures", String.class, failures).bind("at", at));
  }

  /** Removes a task that nobody was told about. */
  boolean remove(UUID id) {
    return change("removing a task", """
        delete from lane_task t using fence where t.id = :id and t.runner = :runner and t.state = 1""",
        query -> query.bind("id", id));
  }

  /** Lets a dead letter wait again; returns false if it is none, or can't be run from here. */
  boolean revive(UUID id, Instant at) {
    return change("replaying a dead letter",
        """
            update lane_task t set state = 1, attempt = 0, claim = null, lease_until = null, failures = '{}',
              started_at = null, ended_at = null, submitted_at = cast(:at as timestamptz),
              deadline = cast(:at as timestamptz) + t.within_millis * interval '1 millisecond'
            from fence where t.id = :id and t.runner = :runner
              and (t.state = 4 and t.durable or t.state = 1 and t.submitted_at = cast(:at as timestamptz))""",
        query -> query.bind("id", id).bind("at", at));
  }

  /** Destroys a dead letter; returns false if there is none. */
  boolean drop(UUID id) {
    return change("dropping a dead letter", """
        delete from lane_task t using fence where t.id = :id and t.runner = :runner and t.state = 4""",
        query -> query.bind("id", id));
  }

  /**
   * Removes a page of tasks that ended before a time.
   *
   * @return whether it removed any
   */
  boolean sweepEnded(Instant before, int most) {
    return change("sweeping tasks", """
        delete from lane_task t using fence where t.runner = :runner and t.state in (3, 5) and t.id in (
          select id from lane_task where runner = :runner and state in (3, 5)
            and (ended_at < cast(:before as timestamptz) or ended_at <= (
              select ended_at from lane_task where runner = :runner and state in (3, 5)
              order by ended_at desc offset :most limit 1))
          order by ended_at limit :page)""",
        query -> query.bind("before", before).bind("most", most).bind("page", PAGE));
  }

  /**
   * Removes a page of the oldest dead letters beyond a number of them.
   *
   * @return whether it removed any
   */
  boolean sweepDead(int most) {
    return change("sweeping dead letters", """
        delete from lane_task t using fence where t.runner = :runner and t.state = 4 and t.id in (
          select id from lane_task where runner = :runner and state = 4
          order by ended_at desc, number desc offset :most limit :page)""",
        query -> query.bind("most", most).bind("page", PAGE));
  }

  // Reads

  Optional<TaskRow> find(UUID id) {
    return database.readNow("reading a task",
        handle -> rows(handle, "id = :id").bind("id", id).map((row, context) -> TaskRow.read(row)).findOne());
  }

  Optional<TaskRow> findByKey(String key) {
    return database.readNow("reading a task", handle -> rows(handle, "runner = :runner and key = :key")
        .bind("runner", runner).bind("key", key).map((row, context) -> TaskRow.read(row)).findOne());
  }

  private static Query rows(Handle handle, String condition) {
    return handle.createQuery("select " + TaskRow.COLUMNS + " from lane_task where " + condition);
  }

  /** A task with its number in the order of submission. */
  record Numbered(long number, TaskRow row) {}

  /** A page of the runner's tasks that have not ended, in the order of submission, after a number. */
  List<Numbered> open(long after) {
    // Payloads may be large, so a page has few rows.
    return database.readNow("reading the tasks", handle -> handle.createQuery("select number, " + TaskRow.COLUMNS
        + " from lane_task where runner = :runner and state <= 2 and number > :after order by number limit :page")
        .bind("runner", runner).bind("after", after).bind("page", PAGE / 10)
        .map((row, context) -> new Numbered(row.getLong("number"), TaskRow.read(row))).list());
  }

  /** A page of the runner's tasks that workers outside have by claims whose leases end after a time, as {@link #open}. */
  List<Numbered> held(Instant at, long after) {
    return database.readNow("reading the claims", handle -> handle.createQuery("select number, " + TaskRow.COLUMNS
        + " from lane_task where runner = :runner and state = 2 and claim is not null"
        + " and lease_until > cast(:at as timestamptz) and number > :after order by number limit :page")
        .bind("runner", runner).bind("at", at).bind("after", after).bind("page", PAGE / 10)
        .map((row, context) -> new Numbered(row.getLong("number"), TaskRow.read(row))).list());
  }

  /** How many of the runner's tasks in a lane have not ended. */
  int countOpen(String lane) {
    return database.readNow("counting the tasks", handle -> handle
        .createQuery("select count(*) from lane_task where runner = :runner and state <= 2 and lane = :lane")
        .bind("runner", runner).bind("lane", lane).mapTo(Integer.class).one());
  }

  /** The runners other than this one that have tasks which have not ended. */
  List<String> others() {
    return database.readNow("reading the runners", handle -> handle.createQuery("""
        select name from lane_runner r where name <> :runner
          and exists (select 1 from lane_task t where t.runner = r.name and t.state <= 2) order by name limit 10""")
        .bind("runner", runner).mapTo(String.class).list());
  }

  /** The newest dead letters of the runner, the newest first, without payloads. */
  List<TaskRow> dead(int limit) {
    return database.readNow("reading the dead letters", handle -> handle.createQuery("select "
        + TaskRow.COLUMNS.replace("payload", "null as payload") + " from lane_task "
        + "where runner = :runner and state = 4 order by ended_at desc, number desc limit :limit")
        .bind("runner", runner).bind("limit", limit).map((row, context) -> TaskRow.read(row)).list());
  }

  /** A time as the database keeps it. */
  static Instant precise(Instant time) {
    return time.truncatedTo(ChronoUnit.MICROS);
  }

  static Instant now(InstantSource clock) {
    return precise(clock.instant());
  }

  static @Nullable Instant deadline(Instant from, @Nullable Duration within) {
    return within == null ? null : precise(from.plus(within));
  }

  @Override
  public String toString() {
    return "TaskStore[" + runner + ", epoch " + epoch + "]";
  }
}
