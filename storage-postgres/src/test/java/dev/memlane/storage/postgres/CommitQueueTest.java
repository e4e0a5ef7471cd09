package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Unit;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.TestServer;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The commit queue over a table of the test, on a real server. Where the server must be slow, another connection locks
 * the table.
 */
@Tag("programs")
class CommitQueueTest {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private record Item(OperationId op, String part, int value) {}

  private static final UnitStatement<Item> CORE = insert("write the core part");
  private static final UnitStatement<Item> HISTORY = insert("write the history part");

  /** With so few connections, one is for batches. */
  private static final int ONE_BATCH_IN_FLIGHT = 5;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private String url;
  private Database database;
  private Connection other;

  @BeforeEach
  void open() throws SQLException {
    open(10_000, ONE_BATCH_IN_FLIGHT);
  }

  private void open(int bound, int poolSize) throws SQLException {
    url = TestServer.freshDatabase();
    if (database != null) {
      database.close();
      other.close();
    }
    database = Database.builder(url).queueBound(bound).poolSize(poolSize).lockTimeout(Duration.ofSeconds(4)).open();
    other = DriverManager.getConnection(url);
    execute("create table memlane.part (op uuid, part text, value int check (value >= 0), primary key (op, part))");
  }

  @AfterEach
  void close() throws SQLException {
    other.close();
    database.close();
    threads.shutdownNow();
  }

  @Test
  void unit_alone_commitsBothPartsInOneTransaction() throws Exception {
    Answers answers = submit(1, 1, Duration.ofSeconds(10));

    assertThat(answers.core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(answers.history()).isInstanceOf(StoreResult.Applied.class);
    assertThat(count("select count(*) from part")).isEqualTo(2);
    assertThat(count("select count(distinct xmin::text) from part")).isEqualTo(1);
    assertThat(database.queueStatistics()).isEqualTo(new CommitQueue.Statistics(1, 1, 0));
  }

  @Test
  void unit_withOneBadPart_appliesNeither() throws Exception {
    DatabaseUnit unit = unit(1, Duration.ofSeconds(10));
    CompletableFuture<StoreResult> core = unit.join(part(StoreKind.CORE, CORE, unit.op(), 1));
    CompletableFuture<StoreResult> history = unit.join(part(StoreKind.HISTORY, HISTORY, unit.op(), -1));

    assertThat(get(core)).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(get(history)).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(count("select count(*) from part")).isZero();
  }

  @Test
  void units_gatheredWhileTheServerIsBusy_goOutTogether() throws Exception {
    List<Answers> answers = gathered(50, -1);

    assertThat(answers).allSatisfy(each -> assertThat(each.core()).isInstanceOf(StoreResult.Applied.class));
    CommitQueue.Statistics statistics = database.queueStatistics();
    assertThat(statistics.units()).isEqualTo(51);
    assertThat(statistics.batches()).isEqualTo(2);
    assertThat(count("select count(distinct xmin::text) from part")).isEqualTo(2);
  }

  @Test
  void manyUnits_whileTheServerIsBusy_goOutInParallelToTheFirst() throws Exception {
    open(10_000, 10);
    lockTable();
    List<Sent> sent = new ArrayList<>();
    sent.add(send(1_000, 1, Duration.ofSeconds(10)));
    awaitBlockedStatement();
    for (int i = 0; i < 15; i++) {
      sent.add(send(i, 1, Duration.ofSeconds(10)));
    }
    awaitWaiting(15);
    assertThat(database.queueStatistics().batches()).isEqualTo(1);

    sent.add(send(15, 1, Duration.ofSeconds(10)));
    awaitBatches(2);

    unlockTable();
    for (Sent each : sent) {
      assertThat(each.answers().core()).isInstanceOf(StoreResult.Applied.class);
    }
    assertThat(count("select count(*) from part")).isEqualTo(2 * 17);
  }

  @Test
  void badUnit_inABatch_failsAlone() throws Exception {
    int bad = 20;
    List<Answers> answers = gathered(50, bad);

    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i).core()).as("unit %d", i)
          .isInstanceOf(i == bad ? StoreResult.NotApplied.class : StoreResult.Applied.class);
    }
    assertThat(count("select count(*) from part")).isEqualTo(100);
  }

  @Test
  void unit_queueIsFull_waitsForRoomUntilItsDeadline() throws Exception {
    open(1, ONE_BATCH_IN_FLIGHT);
    lockTable();
    Sent busy = send(1, 1, Duration.ofSeconds(10));
    awaitBlockedStatement();
    Sent waits = send(2, 1, Duration.ofSeconds(10));
    awaitWaiting(1);

    Sent slowed = send(4, 1, Duration.ofSeconds(30));
    Answers refused = submit(3, 1, Duration.ofSeconds(1));
    assertThat(refused.core()).isInstanceOfSatisfying(StoreResult.NotApplied.class,
        result -> assertThat(result.cause()).isInstanceOf(QueueFullException.class).hasMessageContaining("limit of 1"));
    unlockTable();
    assertThat(busy.answers().core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(waits.answers().core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(slowed.answers().core()).as("it came in when there was room").isInstanceOf(StoreResult.Applied.class);
    assertThat(count("select count(*) from part")).isEqualTo(6);
  }

  @Test
  void unit_pastItsDeadlineWhileTheServerHangs_isInDoubt_andQueuedUnitsAreNotApplied() throws Exception {
    lockTable();
    Sent hangs = send(1, 1, Duration.ofSeconds(3));
    awaitBlockedStatement();
    Sent queued = send(2, 1, Duration.ofMillis(200));

    assertThat(queued.answers().core()).isInstanceOfSatisfying(StoreResult.NotApplied.class,
        result -> assertThat(result.cause()).isInstanceOf(DeadlineException.class));
    assertThat(hangs.answers().core()).isInstanceOfSatisfying(StoreResult.InDoubt.class,
        result -> assertThat(result.cause()).isInstanceOf(DeadlineException.class));
    unlockTable();
    assertThat(submit(3, 1, Duration.ofSeconds(10)).core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(count("select count(*) from part where op = '" + TestMemories.op(2) + "'")).isZero();
  }

  @Test
  void unit_whoseConnectionIsKilled_isInDoubt() throws Exception {
    lockTable();
    Sent sent = send(1, 1, Duration.ofSeconds(10));
    awaitBlockedStatement();
    execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where " + BLOCKED);

    assertThat(sent.answers().core()).isInstanceOf(StoreResult.InDoubt.class);
    unlockTable();
    assertThat(count("select count(*) from part")).isZero();
  }

  @Test
  void results_withBlockingCallbacks_delayNoOthers() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    lockTable();
    Sent first = send(1_000, 1, Duration.ofSeconds(30));
    awaitBlockedStatement();
    List<Sent> batch = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      batch.add(send(i, 1, Duration.ofSeconds(30), release));
    }
    awaitWaiting(3);
    unlockTable();

    assertThat(first.answers().core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(submit(2_000, 1, Duration.ofSeconds(10)).core()).isInstanceOf(StoreResult.Applied.class);
    release.countDown();
    for (Sent each : batch) {
      assertThat(each.answers().history()).isInstanceOf(StoreResult.Applied.class);
    }
  }

  @Test
  void resultOfALateUnit_withABlockingCallback_delaysNoOthers() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Sent late = send(1, 1, Duration.ofMillis(-1), release);

    assertThat(submit(2, 1, Duration.ofSeconds(10)).core()).isInstanceOf(StoreResult.Applied.class);
    release.countDown();
    assertThat(late.answers().core()).isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void unit_afterClosing_isRefused() throws Exception {
    database.close();

    Answers answers = submit(1, 1, Duration.ofSeconds(10));
    assertThat(answers.core()).isInstanceOfSatisfying(StoreResult.NotApplied.class,
        result -> assertThat(result.cause()).isInstanceOf(StoreException.class).hasMessageContaining("closed"));
  }

  @Test
  void failedBatch_failsEachUnitWithItsOwnException() throws Exception {
    CountDownLatch refuse = new CountDownLatch(1);
    SQLException shared = new SQLException("no server", "08001");
    DataSource unreachable = (DataSource) Proxy.newProxyInstance(getClass().getClassLoader(),
        new Class<?>[]{DataSource.class}, (proxy, method, arguments) -> {
          refuse.await();
          throw shared;
        });
    CommitQueue queue = new CommitQueue(new BatchSender(unreachable::getConnection), threads, InstantSource.system(),
        100, 100, 1, 1);
    List<CompletableFuture<StoreResult>> results = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      DatabaseUnit unit = new DatabaseUnit(queue, Unit.Kind.WRITE, TestMemories.id(i), TestMemories.op(i),
          Instant.now().plusSeconds(10), null);
      results.add(unit.join(part(StoreKind.CORE, CORE, unit.op(), 1)));
      var unused = unit.join(part(StoreKind.HISTORY, HISTORY, unit.op(), 1));
    }
    refuse.countDown();

    List<Throwable> causes = new ArrayList<>();
    for (CompletableFuture<StoreResult> result : results) {
      causes.add(((StoreResult.NotApplied) get(result)).cause());
    }
    assertThat(causes).doesNotHaveDuplicates()
        .allSatisfy(cause -> assertThat(cause).isInstanceOf(StoreException.class).hasRootCause(shared));
  }

  @Test
  void deadlines_areKept_afterACheckOfThemHasFailed() throws Exception {
    CountDownLatch failed = new CountDownLatch(1);
    database.close();
    database = Database.builder(url).poolSize(ONE_BATCH_IN_FLIGHT).clock(() -> {
      if (failed.getCount() > 0 && Thread.currentThread().getName().equals("memlane-database-timer")) {
        failed.countDown();
        throw new StackOverflowError("an injected error");
      }
      return Instant.now();
    }).open();
    failed.await();
    lockTable();

    assertThat(submit(1, 1, Duration.ofSeconds(2)).core()).isInstanceOf(StoreResult.InDoubt.class);
    unlockTable();
  }

  private record Answers(StoreResult core, StoreResult history) {}

  /** A unit that another thread sends. */
  private record Sent(CompletableFuture<StoreResult> core, Future<StoreResult> history) {

    Answers answers() throws Exception {
      return new Answers(get(core), get(history));
    }
  }

  private static final String BLOCKED = "datname = current_database() and pid <> pg_backend_pid()"
      + " and application_name = 'memlane' and wait_event_type = 'Lock'";

  /** The answers of units that waited together behind a blocked one; without the answer of the blocked one. */
  private List<Answers> gathered(int number, int bad) throws Exception {
    lockTable();
    Sent first = send(1_000, 1, Duration.ofSeconds(10));
    awaitBlockedStatement();
    List<Sent> sent = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      sent.add(send(i, i == bad ? -1 : 1, Duration.ofSeconds(10)));
    }
    awaitWaiting(number);
    unlockTable();
    assertThat(first.answers().core()).isInstanceOf(StoreResult.Applied.class);
    List<Answers> answers = new ArrayList<>();
    for (Sent each : sent) {
      answers.add(each.answers());
    }
    return answers;
  }

  private Sent send(int number, int value, Duration patience) {
    return send(number, value, patience, new CountDownLatch(0));
  }

  /** Chains a callback to the result that blocks its thread until it is released. */
  private Sent send(int number, int value, Duration patience, CountDownLatch release) {
    DatabaseUnit unit = unit(number, patience);
    CompletableFuture<StoreResult> core = unit.join(part(StoreKind.CORE, CORE, unit.op(), value));
    var unused = core.thenAccept(answer -> await(release));
    Future<StoreResult> history = threads
        .submit(() -> get(unit.join(part(StoreKind.HISTORY, HISTORY, unit.op(), value))));
    return new Sent(core, history);
  }

  private Answers submit(int number, int value, Duration patience) throws Exception {
    return send(number, value, patience).answers();
  }

  private DatabaseUnit unit(int number, Duration patience) {
    MemoryId memory = TestMemories.id(number);
    return DatabaseUnit.of(database.units().begin(Unit.Kind.WRITE, memory, TestMemories.op(number),
        Instant.now().plus(patience)));
  }

  private static Part part(StoreKind store, UnitStatement<Item> statement, OperationId op, int value) {
    return Part.of(store, store == StoreKind.CORE ? 1 : 2, statement, new Item(op, store.name(), value),
        () -> new StoreException("no row", null));
  }

  private static UnitStatement<Item> insert(String name) {
    return new UnitStatement<>(name, "insert into part (op, part, value) select * from unnest(?::uuid[], ?::text[], "
        + "?::integer[]) returning op, 1", null,
        (binder, items) -> binder.uuids(items, item -> item.op().value())
            .texts(items, Item::part).numbers(items, Item::value));
  }

  private static void await(CountDownLatch release) {
    try {
      release.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static StoreResult get(Future<StoreResult> result) throws Exception {
    return result.get(20, TimeUnit.SECONDS);
  }

  private void lockTable() throws SQLException {
    other.setAutoCommit(false);
    execute("lock table memlane.part in access exclusive mode");
  }

  private void unlockTable() throws SQLException {
    other.commit();
    other.setAutoCommit(true);
  }

  private void awaitBlockedStatement() throws SQLException {
    // A transaction sees the same statistics until they are cleared.
    execute("do $$ begin for i in 1..6000 loop perform pg_stat_clear_snapshot(); "
        + "if exists (select from pg_stat_activity where " + BLOCKED + ") then return; end if; "
        + "perform pg_sleep(0.01); end loop; raise exception 'no statement waits for the lock'; end $$");
  }

  private void awaitBatches(int number) {
    Instant end = Instant.now().plusSeconds(60);
    while (database.queueStatistics().batches() < number) {
      assertThat(Instant.now()).as("%d batches should be sent", number).isBefore(end);
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private void awaitWaiting(int number) {
    Instant end = Instant.now().plusSeconds(60);
    while (database.queueStatistics().waiting() < number) {
      assertThat(Instant.now()).as("%d units should wait", number).isBefore(end);
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private long count(String sql) {
    return database.readNow("counting", handle -> handle.createQuery(sql).mapTo(Long.class).one());
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = other.createStatement()) {
      statement.execute(sql);
    }
  }
}
