package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.Operation;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.OwnServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Plays one cell of the fault matrix on a database of its own, in which one memory is there from the start.
 *
 * <p>
 * Faults of core and history happen inside the server: triggers on their tables execute the statements in a table of
 * faults. A {@link FaultyWire} makes those of the connection, and an injector those of the index. A fault hits only
 * memories with the word "hit" in their content, and the delete.
 */
final class FaultStage implements AutoCloseable {

  private static final Scope ADA = Scope.user("ada");
  private static final Duration SHORT = Duration.ofSeconds(2);
  private static final Duration LONG = Duration.ofSeconds(20);
  /** A statement that only the unit of a write executes. */
  private static final String WRITE = "insert into history";

  private final FaultMatrixTest.Cell cell;
  private final String jdbcUrl;
  private final @Nullable OwnServer server;
  private final Path directory;
  private final FaultyWire wire;
  private final Connection control;
  private final CompletableFuture<Void> release = new CompletableFuture<>();
  private final Memory before;
  private final TestMemory test;

  /** One operation and its outcome. */
  private record Ended(MemoryId memory, WriteOutcome outcome, boolean hit) {}

  FaultStage(FaultMatrixTest.Cell cell, String jdbcUrl, @Nullable OwnServer server, Path directory)
      throws SQLException {
    this.cell = cell;
    this.jdbcUrl = jdbcUrl;
    this.server = server;
    this.directory = directory;
    try (TestMemory unhurried = TestMemory.open(jdbcUrl, directory)) {
      before = unhurried.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("ada").build());
    }
    control = DriverManager.getConnection(jdbcUrl);
    control("""
        create table memlane.fault (place text, action text);
        create function memlane.fault(wanted text) returns void language plpgsql as $$
          declare act text;
          begin
            for act in select action from memlane.fault where place = wanted loop execute act; end loop;
          end $$;
        create function memlane.core_fault() returns trigger language plpgsql as $$
          begin
            if tg_op = 'UPDATE' and (new.version < old.version or new.state = 3 and old.state = 1) then
              perform memlane.fault('undo');
            elsif new.state = 1 and new.content like '%hit%' and (tg_op = 'INSERT' or new.op <> old.op)
                or tg_op = 'UPDATE' and new.state = 2 and old.state = 1 then
              perform memlane.fault('core');
            end if;
            return new;
          end $$;
        create function memlane.history_fault() returns trigger language plpgsql as $$
          begin
            if new.new_content like '%hit%' or new.kind = 3 then perform memlane.fault('history'); end if;
            return new;
          end $$;
        create trigger fault before insert or update on memlane.memory for each row
          execute function memlane.core_fault();
        create trigger fault before insert on memlane.history for each row
          execute function memlane.history_fault();""");
    wire = FaultyWire.to(jdbcUrl);
    boolean hurried = cell.fault() == FaultMatrixTest.Fault.HANG_PAST_THE_DEADLINE
        || cell.fault() == FaultMatrixTest.Fault.ANSWER_LATE;
    // The lock time-out is longer than the statement's, so that the statement times out.
    test = TestMemory.open(Database.builder(wire.jdbcUrl()).connectionTimeout(Duration.ofSeconds(2))
        .statementTimeout(hurried ? SHORT.multipliedBy(2) : Duration.ofSeconds(10)).lockTimeout(LONG), directory,
        hurried ? SHORT : LONG, hurried ? SHORT : LONG);
    test.core.concerning(arguments -> !(arguments[arguments.length - 1] instanceof Operation operation)
        || operation.after() == null || operation.requireAfter().content().contains("hit"));
    test.index.concerning(arguments -> !(arguments[0] instanceof IndexDocument document)
        || document.memory().content().contains("hit"));
  }

  void play(FaultMatrixTest.Expected expected) {
    try {
      playThrough(expected);
    } catch (Exception | AssertionError e) {
      // Surefire names a parameterized case by its number alone.
      throw new AssertionError(cell + ": " + e.getMessage(), e);
    }
  }

  private void playThrough(FaultMatrixTest.Expected expected) throws Exception {
    CompletableFuture<Void> happened = arm();
    CompletableFuture<List<Ended>> operation = begin();
    happened.get(60, TimeUnit.SECONDS);
    if (server != null) {
      server.stopImmediately();
      wire.cut();
      server.startAgain();
      wire.release();
    }

    List<Ended> all = operation.get(60, TimeUnit.SECONDS);

    for (Ended ended : all) {
      if (ended.hit) {
        assertThat(ended.outcome).as("outcome").isInstanceOfAny(expected.outcomes().toArray(Class[]::new));
      } else {
        // An operation in the same transaction may be in doubt too, but it never gets the outcome of the one that is
        // hit.
        assertThat(ended.outcome).as("outcome of another item").isInstanceOfAny(outcomesOfOthers());
      }
    }
    heal();
    // A certain outcome holds at once, also while other operations are being settled.
    for (Ended ended : all) {
      if (!(ended.outcome instanceof WriteOutcome.Unsettled)) {
        assertHeld(test.blocking, ended, done(ended.outcome));
      }
    }

    Futures.await(test.memory.awaitSettled().orTimeout(60, TimeUnit.SECONDS));
    Map<Ended, Boolean> landed = new LinkedHashMap<>();
    for (Ended ended : all) {
      boolean there = ended.outcome instanceof WriteOutcome.Unsettled unsettled
          ? test.blocking.hasLanded(unsettled.id(), unsettled.op())
          : done(ended.outcome);
      landed.put(ended, there);
      if (ended.hit && expected.landed() != FaultMatrixTest.Landed.AS_REPORTED) {
        assertThat(there).as("landed").isEqualTo(expected.landed() == FaultMatrixTest.Landed.YES);
      }
    }
    assertStores(test, landed);
    // Everything that still hangs ends now, and so does what is left of the connection.
    release.complete(null);
    test.embedder.release.complete(null);
    test.close();
    wire.close();
    awaitNoSessions();
    try (TestMemory again = TestMemory.open(jdbcUrl, directory)) {
      assertStores(again, landed);
    }
  }

  private Class<?>[] outcomesOfOthers() {
    boolean certain = cell.fault() == FaultMatrixTest.Fault.FAIL
        || cell.fault() == FaultMatrixTest.Fault.FAIL_AND_FAIL_UNDO
        || cell.target() == FaultMatrixTest.Target.VECTOR;
    return certain
        ? new Class<?>[]{WriteOutcome.Stored.class}
        : new Class<?>[]{WriteOutcome.Stored.class, WriteOutcome.RolledBack.class, WriteOutcome.Unsettled.class,
            WriteOutcome.Refused.class};
  }

  /** Prepares the fault. The future completes when the fault has happened, or at once where that cannot be observed. */
  private CompletableFuture<Void> arm() throws SQLException {
    boolean delete = cell.kind() == FaultMatrixTest.Kind.DELETE;
    String place = cell.target().name().toLowerCase(Locale.ROOT);
    String put = delete ? "check" : "put";
    CompletableFuture<Void> now = CompletableFuture.completedFuture(null);
    switch (cell.target()) {
      case EMBEDDER -> {
        if (cell.fault() == FaultMatrixTest.Fault.FAIL) {
          test.embedder.failingOn = text -> text.contains("hit");
        } else {
          test.embedder.hangingOn = text -> text.contains("hit");
        }
        return now;
      }
      case VECTOR -> {
        switch (cell.fault()) {
          case FAIL -> test.index.refusingNextAfter(put,
              delete ? CompletableFuture.completedFuture(null) : test.core.nextAnswer("write"));
          case FAIL_AND_FAIL_UNDO -> {
            test.index.refusingNextAfter(put, test.core.nextAnswer("write"));
            fault("undo", "select 1 / 0");
          }
          case HANG_PAST_THE_DEADLINE -> test.index.hangingNext(put, release);
          case ANSWER_LATE -> test.index.answeringNextLate(put);
          default -> throw new IllegalArgumentException(cell.toString());
        }
        return now;
      }
      case CORE, HISTORY -> {
        return switch (cell.fault()) {
          case FAIL -> {
            fault(place, "select 1 / 0");
            yield now;
          }
          case FAIL_AND_FAIL_UNDO -> {
            fault(place, "select 1 / 0");
            test.index.throwing("remove");
            yield now;
          }
          case HANG_PAST_THE_DEADLINE, ANSWER_LATE -> {
            control("select pg_advisory_lock(1)");
            fault(place, "select pg_advisory_xact_lock(1)");
            yield now;
          }
          case CUT_BEFORE_COMMIT -> wire.next(FaultyWire.Fault.CUT_REQUEST, WRITE);
          case CUT_DURING_COMMIT -> wire.next(FaultyWire.Fault.CUT_AFTER_REQUEST, WRITE);
          case CUT_AFTER_COMMIT -> wire.next(FaultyWire.Fault.CUT_ANSWER, WRITE);
          case SERVER_STOPPED_BEFORE_COMMIT -> {
            control("select pg_advisory_lock(1)");
            fault(place, "select pg_advisory_xact_lock(1)");
            yield CompletableFuture
                .runAsync(() -> control(await("exists (select from pg_stat_activity where " + SESSIONS
                    + " and wait_event_type = 'Lock')")));
          }
          case SERVER_STOPPED_AFTER_COMMIT -> wire.next(FaultyWire.Fault.HOLD_ANSWER, WRITE);
        };
      }
    }
    throw new IllegalArgumentException(cell.toString());
  }

  private CompletableFuture<List<Ended>> begin() {
    MemoryOrchestrator memory = test.memory;
    return switch (cell.kind()) {
      case ADD -> alone(memory.addMemory(NewMemory.of("Bob is hit", ADA)).thenApply(WriteOutcome.Stored::new));
      case PUT -> alone(memory.put(NewMemory.builder("Ada is hit", ADA).key("ada").build()));
      case UPDATE -> alone(
          memory.updateMemory(MemoryUpdate.content(before.id(), "Ada is hit")).thenApply(WriteOutcome.Stored::new));
      case DELETE -> alone(memory.deleteMemory(MemoryDeletion.of(before.id())).thenApply(deleted -> deleted));
      case BATCH -> memory.addMemories(List.of(keyed("Cleo plays the lute"), keyed("Bob is hit"),
          keyed("Dan plays the horn"))).thenApply(outcomes -> {
            List<Ended> all = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
              // A fault of the connection hits all operations on it, and none in particular.
              boolean hit = i == 1 && !cell.fault().isOfTheConnection();
              all.add(new Ended(batchId(i), outcomes.get(i), hit));
            }
            return all;
          });
    };
  }

  private static final List<String> BATCH = List.of("Cleo plays the lute", "Bob is hit", "Dan plays the horn");

  private static NewMemory keyed(String content) {
    return NewMemory.builder(content, ADA).key(content).build();
  }

  private static MemoryId batchId(int item) {
    return MemoryId.derive(ADA, BATCH.get(item));
  }

  private CompletableFuture<List<Ended>> alone(CompletableFuture<? extends WriteOutcome> operation) {
    return operation.handle((outcome, failure) -> {
      WriteOutcome reported = outcome;
      if (reported == null) {
        Throwable cause = Futures.unwrap(failure);
        assertThat(cause).isInstanceOf(MemoryWriteException.class);
        reported = ((MemoryWriteException) cause).outcome();
      }
      MemoryId id = cell.kind() != FaultMatrixTest.Kind.ADD ? before.id() : switch (reported) {
        case WriteOutcome.Stored stored -> stored.memory().id();
        case WriteOutcome.RolledBack rolledBack -> rolledBack.id();
        case WriteOutcome.Unsettled unsettled -> unsettled.id();
        default -> TestIds.NOBODY;
      };
      return List.of(new Ended(id, reported, true));
    });
  }

  private static final class TestIds {
    static final MemoryId NOBODY = MemoryId.derive(ADA, "nobody");
  }

  private void heal() throws SQLException {
    test.heal();
    test.embedder.failingOn = text -> false;
    test.embedder.hangingOn = text -> false;
    if (server == null) {
      control(cell.fault() == FaultMatrixTest.Fault.ANSWER_LATE ? "select pg_advisory_unlock_all()" : "select 1");
    }
  }

  private static boolean done(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Stored || outcome instanceof WriteOutcome.Replaced
        || outcome instanceof WriteOutcome.Deleted;
  }

  /** The caller sees the memory of an operation as its outcome says. */
  private void assertHeld(BlockingMemory memory, Ended ended, boolean landed) {
    MemoryId id = ended.memory;
    List<HistoryEntry.Kind> history = memory.history(id).stream().map(HistoryEntry::kind).toList();
    String content = memory.get(id).map(Memory::content).orElse(null);
    List<String> found = memory.search(SearchRequest.of("hit oboe lute horn", ADA)).stream().map(SearchHit::memory)
        .filter(hit -> hit.id().equals(id)).map(Memory::content).toList();
    switch (cell.kind()) {
      case ADD, BATCH -> {
        assertThat(history).isEqualTo(landed ? List.of(HistoryEntry.Kind.ADD) : List.of());
        assertThat(found).hasSize(landed ? 1 : 0);
        assertThat(content != null).isEqualTo(landed);
      }
      case PUT, UPDATE -> {
        assertThat(history).isEqualTo(landed
            ? List.of(HistoryEntry.Kind.ADD, HistoryEntry.Kind.UPDATE)
            : List.of(HistoryEntry.Kind.ADD));
        assertThat(content).isEqualTo(landed ? "Ada is hit" : before.content());
        assertThat(found).containsExactly(content);
      }
      case DELETE -> {
        assertThat(history).isEqualTo(landed
            ? List.of(HistoryEntry.Kind.ADD, HistoryEntry.Kind.DELETE)
            : List.of(HistoryEntry.Kind.ADD));
        assertThat(content).isEqualTo(landed ? null : before.content());
        assertThat(found).hasSize(landed ? 0 : 1);
      }
    }
  }

  /** All three stores hold exactly what has landed, and agree with each other. */
  private void assertStores(TestMemory memory, Map<Ended, Boolean> landed) {
    int operations = 0;
    Map<MemoryId, String> live = new TreeMap<>();
    live.put(before.id(), before.content());
    for (Map.Entry<Ended, Boolean> each : landed.entrySet()) {
      assertHeld(memory.blocking, each.getKey(), each.getValue());
      if (each.getValue()) {
        operations++;
        switch (cell.kind()) {
          case ADD -> live.put(each.getKey().memory, "Bob is hit");
          case PUT, UPDATE -> live.put(before.id(), "Ada is hit");
          case DELETE -> live.remove(before.id());
          case BATCH ->
            live.put(each.getKey().memory, memory.blocking.get(each.getKey().memory).orElseThrow().content());
        }
      }
    }
    Map<MemoryId, String> listed = new TreeMap<>();
    memory.blocking.list(null, null, null, 100).memories().forEach(each -> listed.put(each.id(), each.content()));
    assertThat(listed).isEqualTo(live);
    assertThat(memory.blocking.verify(false))
        .isEqualTo(new VerifyReport(live.size(), 1 + operations, live.size(), List.of(), 0));
    assertThat(memory.blocking.statistics().unsettled()).isEmpty();
  }

  private static final String SESSIONS = "datname = current_database() and pid <> pg_backend_pid()"
      + " and application_name = 'memlane'";

  private void awaitNoSessions() throws SQLException {
    try (Connection fresh = DriverManager.getConnection(jdbcUrl); Statement statement = fresh.createStatement()) {
      statement.execute(await("not exists (select from pg_stat_activity where " + SESSIONS + ")"));
    }
  }

  private static String await(String condition) {
    // Within a transaction the statistics stay as first read, unless they are cleared.
    return "do $$ begin for i in 1..6000 loop perform pg_stat_clear_snapshot(); if " + condition
        + " then return; end if; perform pg_sleep(0.01); end loop; raise exception 'timed out'; end $$";
  }

  private void fault(String place, String action) {
    control("insert into memlane.fault values ('" + place + "', '" + action + "')");
  }

  private void control(String sql) {
    try (Statement statement = control.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  @Override
  public void close() throws SQLException {
    release.complete(null);
    test.embedder.release.complete(null);
    wire.release();
    control.close();
    test.close();
    wire.close();
  }
}
