package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.FaultyWire.Fault;
import dev.memlane.testing.OwnServer;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.TestServer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The result of a unit (applied, not applied or in doubt) under every fault, caused for real, and whether the database
 * agrees when every session has ended. Each fault strikes a unit alone and one of several that go out together, and the
 * queue must go on afterwards.
 *
 * <p>
 * The units write rows into a table of the test, whose triggers execute statements from the row. So faults happen
 * inside the server, in the statement or in the commit. Faults on the way to the server are made by a
 * {@link FaultyWire}.
 */
@Tag("slow")
class UnitFaultsTest {

  private static final String NOTHING = "select 1";
  private static final String END_SESSION = "select pg_terminate_backend(pg_backend_pid())";
  private static final int SEVERAL = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  /** Enough to send a unit on a busy machine, and less than the statement time-out. */
  private static final Duration DEADLINE = Duration.ofSeconds(2);
  private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(3);

  /** Whether the database holds the unit's rows in the end. */
  enum There {
    NEVER, YES, PERHAPS
  }

  /**
   * A fault of a unit.
   *
   * @param expected the faulty unit's result; if it is not applied, the others of its batch are applied
   * @param cause a part of the message
   * @param inStatement the SQL that the server executes in the unit's statement
   * @param inCommit the SQL that it executes in the commit
   * @param onWire the fault of the request that contains {@code point}
   */
  record UnitFault(String name, Class<? extends StoreResult> expected, There there, String cause, String inStatement,
      String inCommit, @Nullable Fault onWire, String point) {

    /** No fault. */
    static final UnitFault NONE = new UnitFault("nothing", StoreResult.Applied.class, There.YES, "", NOTHING, NOTHING,
        null,
        "");

    static UnitFault inStatement(String name, Class<? extends StoreResult> expected, String cause, String sql) {
      return new UnitFault(name, expected, There.NEVER, cause, sql, NOTHING, null, "");
    }

    static UnitFault inCommit(String name, Class<? extends StoreResult> expected, String cause, String sql) {
      return new UnitFault(name, expected, There.NEVER, cause, NOTHING, sql, null, "");
    }

    static UnitFault onWire(String name, There there, Fault fault, String point) {
      return new UnitFault(name, StoreResult.InDoubt.class, there,
          fault == Fault.HOLD_ANSWER || fault == Fault.HOLD_REQUEST ? "deadline" : "cannot be reached", NOTHING,
          NOTHING,
          fault, point);
    }

    /** The fault of the other units in the batch: none if the faulty one can be separated. */
    UnitFault ofItsNeighbours() {
      return expected == StoreResult.NotApplied.class
          ? NONE
          : new UnitFault(name, expected, there, cause, NOTHING, NOTHING, onWire, point);
    }

    boolean outlastsTheDeadline() {
      return cause.equals("deadline");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static String raise(String state) {
    return "do $$ begin raise exception 'trouble' using errcode = '" + state + "'; end $$";
  }

  private static List<UnitFault> inTheServer() {
    Class<? extends StoreResult> notApplied = StoreResult.NotApplied.class;
    Class<? extends StoreResult> inDoubt = StoreResult.InDoubt.class;
    return List.of(
        UnitFault.inStatement("unique violation", notApplied, "23505", "insert into taken values (1)"),
        UnitFault.inStatement("check violation", notApplied, "23514", "insert into taken values (-1)"),
        UnitFault.inStatement("foreign key violation", notApplied, "23503", "insert into taken values (2, 99)"),
        UnitFault.inStatement("numeric overflow", notApplied, "22003", "select 2147483647 + 1"),
        UnitFault.inStatement("error raised by a trigger", notApplied, "P0001", raise("P0001")),
        UnitFault.inStatement("serialization failure that stays", notApplied, "40001", raise("40001")),
        UnitFault.inStatement("deadlock that stays", notApplied, "40P01", raise("40P01")),
        UnitFault.inStatement("lock time-out", notApplied, "lock_timeout", "lock table held"),
        UnitFault.inStatement("statement time-out", notApplied, "statement_timeout", "select pg_sleep(30)"),
        UnitFault.inStatement("statement time-out after the deadline", inDoubt, "deadline", "select pg_sleep(30)"),
        UnitFault.inStatement("statement cancelled by hand", notApplied, "user request",
            "do $$ begin perform pg_cancel_backend(pg_backend_pid()); perform count(*) from generate_series(1, 100000000); end $$"),
        UnitFault.inStatement("completion unknown", inDoubt, "40003", raise("40003")),
        UnitFault.inStatement("session ended in the statement", inDoubt, "terminating connection", END_SESSION),
        UnitFault.inCommit("constraint violated in the commit", notApplied, "23505", "insert into taken values (1)"),
        UnitFault.inCommit("serialization failure in the commit", notApplied, "40001", raise("40001")),
        UnitFault.inCommit("session ended in the commit", inDoubt, "terminating connection", END_SESSION));
  }

  private static List<UnitFault> onTheWay(int size) {
    // One message has the statements and, for several units, the commit; its end commits a single unit.
    String message = "insert into part";
    return List.of(
        UnitFault.onWire("cut before the commit", There.NEVER, Fault.CUT_REQUEST, message),
        UnitFault.onWire("cut during the commit", There.PERHAPS, Fault.CUT_AFTER_REQUEST, message),
        UnitFault.onWire("cut after the commit", There.YES, Fault.CUT_ANSWER, message),
        UnitFault.onWire("commit hangs on its way and lands late", There.YES, Fault.HOLD_REQUEST, message),
        UnitFault.onWire("answer of the commit comes late", There.YES, Fault.HOLD_ANSWER, message),
        UnitFault.onWire("cut before the end of the message", size == 1 ? There.NEVER : There.YES, Fault.CUT_SYNC,
            message));
  }

  static Stream<Arguments> everyFault() {
    return Stream.of(1, SEVERAL).flatMap(size -> Stream.concat(inTheServer().stream(), onTheWay(size).stream())
        .map(fault -> Arguments.of(fault, size)));
  }

  @ParameterizedTest(name = "{0}, {1} at once")
  @MethodSource("everyFault")
  void unit_withAFault_reportsWhatTheDatabaseHolds(UnitFault fault, int size) throws Exception {
    try (Rig rig = new Rig(TestServer.freshDatabase())) {
      rig.execute("begin; lock table memlane.held");
      List<UnitFault> faults = new ArrayList<>();
      for (int i = 1; i <= size; i++) {
        faults.add(size == 1 || i == 2 ? fault : fault.ofItsNeighbours());
      }
      Duration patience = fault.outlastsTheDeadline() ? DEADLINE : PATIENCE;

      Together together = rig.sendTogether(rig.queue(), patience, faults, fault);
      together.struck.get(60, TimeUnit.SECONDS);
      if (fault.inStatement.contains("pg_sleep")) {
        rig.awaitSession("wait_event = 'PgSleep'");
      }
      if (fault.outlastsTheDeadline()) {
        Sent queued = rig.send(50, Duration.ofMillis(200), UnitFault.NONE);
        assertThat(queued.answers()).as("queued behind").allMatch(StoreResult.NotApplied.class::isInstance);
      }

      for (int i = 0; i < size; i++) {
        assertResult(together.sent.get(i), faults.get(i));
      }
      rig.wire.release();
      rig.requireToGoOn(rig.queue());
      rig.endSessions();
      assertThat(rig.rowsOf(50)).isZero();
      for (int i = 0; i < size; i++) {
        assertThat(rig.rowsOf(i + 1)).as("rows of unit %d", i + 1).isIn(switch (faults.get(i).there) {
          case NEVER -> List.of(0L);
          case YES -> List.of(2L);
          case PERHAPS -> List.of(0L, 2L);
        });
      }
    }
  }

  private static void assertResult(Sent sent, UnitFault fault) throws Exception {
    assertThat(sent.answers()).allSatisfy(answer -> {
      assertThat(answer).isInstanceOf(fault.expected);
      Throwable cause = switch (answer) {
        case StoreResult.Applied applied -> null;
        case StoreResult.NotApplied notApplied -> notApplied.cause();
        case StoreResult.InDoubt inDoubt -> inDoubt.cause();
      };
      if (cause != null) {
        assertThat(cause).isInstanceOf(StoreException.class).hasMessageContaining(fault.cause);
      }
    });
  }

  static Stream<Integer> sizes() {
    return Stream.of(1, SEVERAL);
  }

  /** In the commit, the server waits for a standby that doesn't exist; when the wait is cancelled, it has committed. */
  @ParameterizedTest(name = "{0} at once")
  @MethodSource("sizes")
  void commit_withAWarning_isInDoubt(int size, @TempDir Path directory) throws Exception {
    try (OwnServer server = OwnServer.start(directory,
        Map.of("synchronous_standby_names", "nobody", "synchronous_commit", "local"))) {
      Map<String, String> endings = Map.of("pg_cancel_backend", "synchronous replication", "pg_terminate_backend",
          "cannot be reached");
      for (String ending : endings.keySet()) {
        UnitFault waits = UnitFault.inStatement(ending, StoreResult.InDoubt.class, endings.get(ending),
            "select set_config('synchronous_commit', 'on', true)");
        try (Rig rig = new Rig(server.freshDatabase())) {
          Together together = rig.sendTogether(rig.queue(), PATIENCE, Collections.nCopies(size, waits), waits);
          rig.awaitSession("wait_event = 'SyncRep'");

          rig.execute("select " + ending + "(pid) from pg_stat_activity where wait_event = 'SyncRep'");

          for (Sent each : together.sent) {
            assertResult(each, waits);
          }
          rig.requireToGoOn(rig.queue());
          rig.endSessions();
          for (int i = 1; i <= size; i++) {
            assertThat(rig.rowsOf(i)).isEqualTo(2);
          }
        }
      }
    }
  }

  /** The unit loses a real deadlock, is sent again alone, and succeeds when the other transaction has ended. */
  @Test
  void unit_thatLosesADeadlock_isSentAgain() throws Exception {
    try (Rig rig = new Rig(TestServer.freshDatabase())) {
      // The session that waits last and reaches its deadlock_timeout detects the deadlock and loses: here, the unit's.
      rig.execute("create sequence memlane.tries; set deadlock_timeout = '1min'; set lock_timeout = '30s'");
      rig.execute("begin; select from memlane.taken where id = 1 for update");
      Sent sent = rig.send(1, PATIENCE, UnitFault.inStatement("", StoreResult.Applied.class, "", """
          do $$ begin
            perform nextval('tries');
            perform from taken where id = 3 for update;
            for i in 1..50 loop
              perform pg_stat_clear_snapshot();
              exit when exists (select from pg_stat_activity where datname = current_database()
                and wait_event_type = 'Lock');
              perform pg_sleep(0.01);
            end loop;
            perform from taken where id = 1 for update;
          end $$"""));
      rig.awaitSession("wait_event = 'PgSleep'");

      rig.execute("select from memlane.taken where id = 3 for update");
      rig.execute("commit");

      assertThat(sent.answers()).allMatch(StoreResult.Applied.class::isInstance);
      rig.endSessions();
      assertThat(rig.rowsOf(1)).isEqualTo(2);
      assertThat(rig.number("select last_value from memlane.tries")).isGreaterThan(1);
    }
  }

  enum Unreachable {
    POOL_EXHAUSTED, CONNECTION_REFUSED, SERVER_SILENT, USER_UNKNOWN
  }

  static Stream<Arguments> everyUnreachable() {
    return Stream.of(Unreachable.values()).flatMap(why -> sizes().map(size -> Arguments.of(why, size)));
  }

  @ParameterizedTest(name = "{0}, {1} at once")
  @MethodSource("everyUnreachable")
  void unit_withoutAConnection_isNotApplied_andNothingWasSent(Unreachable why, int size) throws Exception {
    try (Rig rig = new Rig(TestServer.freshDatabase());
        HikariDataSource pool = onDemand(rig.wire.jdbcUrl(), why == Unreachable.USER_UNKNOWN);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      CommitQueue queue = new CommitQueue(new BatchSender(pool::getConnection), executor, InstantSource.system(), 100,
          100, 2, 2);
      Connection busy = null;
      switch (why) {
        case POOL_EXHAUSTED -> busy = pool.getConnection();
        case CONNECTION_REFUSED -> rig.wire.refuse();
        case SERVER_SILENT -> rig.wire.silence();
        case USER_UNKNOWN -> {
          // The server itself refuses the connection.
        }
      }
      List<Sent> sent = new ArrayList<>();
      for (int i = 1; i <= size; i++) {
        sent.add(rig.send(queue, i, PATIENCE, UnitFault.NONE));
      }
      for (Sent each : sent) {
        assertThat(each.answers()).allSatisfy(answer -> assertThat(answer)
            .isInstanceOfSatisfying(StoreResult.NotApplied.class,
                result -> assertThat(result.cause()).hasMessageStartingWith("no connection to the database")));
      }
      if (busy != null) {
        busy.close();
      }
      rig.wire.release();
      if (why != Unreachable.USER_UNKNOWN) {
        rig.requireToGoOn(queue);
      }
      rig.endSessions(pool);
      for (int i = 1; i <= size; i++) {
        assertThat(rig.rowsOf(i)).isZero();
      }
    }
  }

  /** Rows that were not committed vanish with their session, whatever the answers were. */
  @Test
  void batch_withATransactionLeftOpen_isInDoubt() throws Exception {
    try (Rig rig = new Rig(TestServer.freshDatabase());
        HikariDataSource pool = onDemand(rig.wire.jdbcUrl(), false);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      CommitQueue queue = new CommitQueue(new BatchSender(withoutCommit(pool)::getConnection), executor,
          InstantSource.system(), 100,
          100, 2, 2);
      Together together = rig.sendTogether(queue, PATIENCE, List.of(UnitFault.NONE, UnitFault.NONE), UnitFault.NONE);

      for (Sent each : together.sent) {
        assertThat(each.answers()).allMatch(StoreResult.InDoubt.class::isInstance);
      }
      rig.endSessions(pool);
      assertThat(rig.rowsOf(1) + rig.rowsOf(2)).isZero();
    }
  }

  private static DataSource withoutCommit(DataSource connections) {
    return (DataSource) Proxy.newProxyInstance(DataSource.class.getClassLoader(), new Class<?>[]{DataSource.class},
        (proxy, method, arguments) -> {
          Connection connection = (Connection) method.invoke(connections, arguments);
          return Proxy.newProxyInstance(Connection.class.getClassLoader(), new Class<?>[]{Connection.class},
              (inner, call, values) -> {
                if ("prepareStatement".equals(call.getName())) {
                  values[0] = values[0].toString().replace(";commit", "");
                }
                try {
                  return call.invoke(connection, values);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
        });
  }

  private static HikariDataSource onDemand(String jdbcUrl, boolean asNobody) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(jdbcUrl);
    if (asNobody) {
      config.setJdbcUrl(jdbcUrl.replace("user=postgres", "user=nobody_here"));
    }
    config.setMaximumPoolSize(1);
    config.setMinimumIdle(0);
    config.setConnectionTimeout(400);
    config.setInitializationFailTimeout(-1);
    config.addDataSourceProperty("currentSchema", "memlane");
    config.addDataSourceProperty("ApplicationName", "memlane");
    config.addDataSourceProperty("loginTimeout", "1");
    config.addDataSourceProperty("binaryTransferEnable", BinaryArray.TYPES);
    return new HikariDataSource(config);
  }

  /** A unit on its way. */
  private record Sent(CompletableFuture<StoreResult> core, CompletableFuture<StoreResult> history) {

    List<StoreResult> answers() throws Exception {
      return List.of(core.get(60, TimeUnit.SECONDS), history.get(60, TimeUnit.SECONDS));
    }
  }

  /** Units that go out in one transaction, and the time when the fault on the wire has struck. */
  private record Together(List<Sent> sent, CompletableFuture<Void> struck) {}

  private record Item(OperationId op, String part, String inStatement, String inCommit) {}

  /** A database over a faulty wire, and another connection that bypasses it. */
  private static final class Rig implements AutoCloseable {

    private static final UnitStatement<Item> CORE = insert("write the core part");
    private static final UnitStatement<Item> HISTORY = insert("write the history part");

    final FaultyWire wire;
    private final Database database;
    private final Connection other;

    Rig(String jdbcUrl) throws SQLException {
      wire = FaultyWire.to(jdbcUrl);
      other = DriverManager.getConnection(jdbcUrl);
      execute("alter database " + other.getCatalog() + " set deadlock_timeout = '20ms'");
      database = Database.builder(wire.jdbcUrl()).connectionTimeout(Duration.ofSeconds(2))
          .lockTimeout(Duration.ofMillis(200)).statementTimeout(STATEMENT_TIMEOUT).open();
      execute("""
          create table memlane.part (op uuid, part text, in_statement text, in_commit text, primary key (op, part));
          create table memlane.held ();
          create table memlane.taken (id int primary key check (id >= 0), other int references memlane.taken);
          insert into memlane.taken values (1), (3);
          create function memlane.in_statement() returns trigger language plpgsql as $$
            begin execute new.in_statement; return new; end $$;
          create function memlane.in_commit() returns trigger language plpgsql as $$
            begin execute new.in_commit; return null; end $$;
          create trigger in_statement before insert on memlane.part for each row
            execute function memlane.in_statement();
          create constraint trigger in_commit after insert on memlane.part deferrable initially deferred for each row
            execute function memlane.in_commit();""");
    }

    private static UnitStatement<Item> insert(String name) {
      return new UnitStatement<>(name, "insert into part select * from unnest(?::uuid[], ?::text[], ?::text[], "
          + "?::text[]) returning op, 1", null,
          (binder, items) -> binder.uuids(items, item -> item.op().value()).texts(items, Item::part)
              .texts(items, Item::inStatement).texts(items, Item::inCommit));
    }

    /** Completes when the fault on the wire has struck. */
    private CompletableFuture<Void> arm(UnitFault fault) {
      return fault.onWire == null
          ? CompletableFuture.completedFuture(null)
          : wire.next(fault.onWire, fault.point);
    }

    CommitQueue queue() {
      return (CommitQueue) database.units();
    }

    /**
     * Sends units 1, 2 and so on: one alone, several so that they go out together.
     *
     * @param onWire what happens on their way
     */
    Together sendTogether(CommitQueue queue, Duration patience, List<UnitFault> faults, UnitFault onWire)
        throws Exception {
      if (faults.size() == 1) {
        CompletableFuture<Void> struck = arm(onWire);
        return new Together(List.of(send(queue, 1, patience, faults.getFirst())), struck);
      }
      CompletableFuture<Void> busy = wire.next(Fault.HOLD_REQUEST, "insert into part");
      Sent first = send(queue, 100, PATIENCE, UnitFault.NONE);
      busy.get(60, TimeUnit.SECONDS);
      List<Sent> sent = new ArrayList<>();
      for (UnitFault fault : faults) {
        sent.add(send(queue, sent.size() + 1, patience, fault));
      }
      assertThat(queue.statistics().waiting()).isEqualTo(faults.size());
      CompletableFuture<Void> struck = arm(onWire);
      wire.release();
      assertThat(first.answers()).allMatch(StoreResult.Applied.class::isInstance);
      return new Together(sent, struck);
    }

    Sent send(int number, Duration patience, UnitFault fault) {
      return send(queue(), number, patience, fault);
    }

    Sent send(Units units, int number, Duration patience, UnitFault fault) {
      OperationId op = TestMemories.op(number);
      DatabaseUnit unit = DatabaseUnit
          .of(units.begin(Unit.Kind.WRITE, TestMemories.id(number), op, Instant.now().plus(patience)));
      return new Sent(unit.join(part(StoreKind.CORE, CORE, op, fault)),
          unit.join(part(StoreKind.HISTORY, HISTORY, op, fault)));
    }

    private static Part part(StoreKind store, UnitStatement<Item> statement, OperationId op,
        UnitFault fault) {
      // Only one of the two parts is faulty; the other one shares its fate.
      boolean fine = store == StoreKind.CORE;
      Item item = new Item(op, store.name(), fine ? NOTHING : fault.inStatement, fine ? NOTHING : fault.inCommit);
      return Part.of(store, store == StoreKind.CORE ? 1 : 2, statement, item, () -> new StoreException("no row", null));
    }

    /** The pool tries to connect again only now and then, so it may take a few units. */
    void requireToGoOn(CommitQueue queue) throws Exception {
      Instant end = Instant.now().plusSeconds(60);
      for (int number = 60; !(send(queue, number, PATIENCE, UnitFault.NONE).answers()
          .getFirst() instanceof StoreResult.Applied); number++) {
        assertThat(Instant.now()).as("the queue goes on").isBefore(end);
      }
    }

    private static final String SESSIONS = "datname = current_database() and pid <> pg_backend_pid()"
        + " and application_name = 'memlane'";

    /** Waits for a session in that state. */
    void awaitSession(String state) throws SQLException {
      await("exists (select from pg_stat_activity where " + SESSIONS + " and " + state + ")");
    }

    /** Closes the database and waits until the server has ended what it did for it. */
    void endSessions() throws SQLException {
      database.close();
      await("not exists (select from pg_stat_activity where " + SESSIONS + ")");
    }

    /** The same, for a pool of the test's own as well. */
    void endSessions(HikariDataSource pool) throws SQLException {
      pool.close();
      endSessions();
    }

    private void await(String condition) throws SQLException {
      // A transaction sees the same statistics until they are cleared.
      execute("do $$ begin for i in 1..6000 loop perform pg_stat_clear_snapshot(); if " + condition
          + " then return; end if; perform pg_sleep(0.01); end loop; raise exception 'waited for long'; end $$");
    }

    long rowsOf(int number) throws SQLException {
      return number("select count(*) from memlane.part where op = '" + TestMemories.op(number) + "'");
    }

    long number(String sql) throws SQLException {
      try (Statement statement = other.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
        rows.next();
        return rows.getLong(1);
      }
    }

    void execute(String sql) throws SQLException {
      try (Statement statement = other.createStatement()) {
        statement.execute(sql);
      }
    }

    @Override
    public void close() throws SQLException {
      wire.release();
      database.close();
      other.close();
      wire.close();
    }
  }
}
