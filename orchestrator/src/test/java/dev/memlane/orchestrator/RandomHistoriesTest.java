package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations of several threads and two orchestrators on few memories, under random faults. Afterwards one
 * sequence of operations for each memory, its history, must explain all outcomes.
 *
 * <p>
 * In the sequential model of a memory each operation starts from the state that the one before it left. The versions in
 * the history give the order, so no search for one is needed. The test checks that the order is consistent: it has no
 * gaps; it contains every acknowledged operation as acknowledged, and none that was rolled back; an operation that
 * ended before another began comes before it; and the three stores hold the last state.
 */
@Tag("slow")
class RandomHistoriesTest {

  private static final Scope ADA = Scope.user("ada");
  private static final int THREADS = 4;
  private static final int OPERATIONS = Integer.getInteger("memlane.histories.operations", 250);
  private static final int MEMORIES = 5;
  /** Short, because a fault that all threads wait for is not healed before the deadline. */
  private static final Duration DEADLINE = Duration.ofMillis(500);
  private static final List<String> UNIT_METHODS = List.of("write", "undo", "fence", "confirm");

  @TempDir
  private Path folder;

  /** One operation as its caller saw it; begun and ended are positions in the sequence of all events. */
  private record Seen(MemoryId memory, long begun, long ended, WriteOutcome outcome) {}

  private final ConcurrentLinkedQueue<Seen> seen = new ConcurrentLinkedQueue<>();
  private final AtomicLong events = new AtomicLong();
  /** A permit for each operation that has ended since the last fault. */
  private final Semaphore ended = new Semaphore(0);
  private final AtomicInteger unexpected = new AtomicInteger();

  static IntStream seeds() {
    int first = Integer.getInteger("memlane.histories.seed", 1);
    return IntStream.range(first, first + Integer.getInteger("memlane.histories.count", 2));
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void everyAcknowledgedState_isExplainedByOneSequence(int seed) throws Exception {
    String jdbcUrl = TestMemory.freshDatabase();
    Engine.Settings settings = new Engine.Settings(DEADLINE, 10_000, 1_000,
        Duration.ofMillis(20), Duration.ofDays(30), Duration.ZERO, scope -> false);
    InstantSource clock = InstantSource.system();
    try (TestMemory one = TestMemory.open(jdbcUrl, folder.resolve("one"), settings, clock);
        TestMemory other = TestMemory.open(jdbcUrl, folder.resolve("other"), settings, clock)) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 2 * THREADS; i++) {
        TestMemory memory = i % 2 == 0 ? one : other;
        Random random = new Random(seed * 100L + i);
        String name = "thread " + i;
        threads.add(Thread.ofVirtual().start(() -> work(memory, random, name)));
      }
      injectFaults(jdbcUrl, List.of(one, other), new Random(seed), threads);
      for (Thread thread : threads) {
        thread.join();
      }
      one.heal();
      other.heal();
      Futures.await(one.memory.awaitSettled());
      Futures.await(other.memory.awaitSettled());

      assertThat(unexpected).as("seed %d: operations that failed without an outcome", seed).hasValue(0);
      check("seed " + seed, one);
      assertThat(one.blocking.verify(false).inconsistencies()).as("seed %d, one", seed).isEmpty();
      assertThat(other.blocking.verify(false).inconsistencies()).as("seed %d, other", seed).isEmpty();
    }
  }

  private void work(TestMemory memory, Random random, String name) {
    Map<MemoryId, OperationId> known = new HashMap<>();
    for (int i = 0; i < OPERATIONS; i++) {
      String key = "key " + random.nextInt(MEMORIES);
      MemoryId id = MemoryId.derive(ADA, key);
      String content = name + " says " + i;
      OperationId expected = random.nextInt(4) == 0 ? known.get(id) : null;
      int dice = random.nextInt(10);
      long begun = events.incrementAndGet();
      WriteOutcome outcome;
      try {
        NewMemory memoryOfKey = NewMemory.builder(content, ADA).key(key).revive(random.nextBoolean()).build();
        outcome = dice < 3
            ? memory.blocking.add(memoryOfKey)
            : dice < 5
                ? memory.blocking.put(memoryOfKey)
                : dice < 8
                    ? new WriteOutcome.Stored(
                        memory.blocking.updateMemory(MemoryUpdate.content(id, content).expecting(expected)))
                    : memory.blocking.deleteMemory(new MemoryDeletion(id, null, expected));
      } catch (MemoryWriteException e) {
        outcome = e.outcome();
      } catch (RuntimeException e) {
        unexpected.incrementAndGet();
        continue;
      }
      seen.add(new Seen(id, begun, events.incrementAndGet(), outcome));
      ended.release();
      if (outcome instanceof WriteOutcome.Stored stored) {
        known.put(id, stored.memory().op());
      }
    }
  }

  /** Injects and heals faults while the threads work, by the number of operations that have ended. */
  private void injectFaults(String jdbcUrl, List<TestMemory> memories, Random random, List<Thread> threads)
      throws SQLException, InterruptedException {
    int next = 10;
    while (threads.stream().anyMatch(Thread::isAlive)) {
      // Bounded, because the threads may end before.
      if (!ended.tryAcquire(next, 50, TimeUnit.MILLISECONDS)) {
        continue;
      }
      ended.drainPermits();
      next = 5 + random.nextInt(15);
      TestMemory memory = memories.get(random.nextInt(memories.size()));
      memory.heal();
      String unit = UNIT_METHODS.get(random.nextInt(UNIT_METHODS.size()));
      switch (random.nextInt(9)) {
        case 0 -> memory.core.losingAnswers(unit);
        case 1 -> memory.core.refusing(unit);
        case 2 -> memory.history.throwing("write");
        case 3 -> memory.history.losingAnswers("look");
        case 4 -> memory.index.refusingAfter("put", afterTheNextWrite(memory));
        case 5 -> memory.index.losingNextAnswer("put");
        case 6 -> memory.index.throwing("remove");
        case 7 -> breakConnections(jdbcUrl);
        default -> {
          // A while without faults.
        }
      }
    }
  }

  /** Ends after a write of core, or else as soon as an index has to answer. */
  private static CompletableFuture<?> afterTheNextWrite(TestMemory memory) {
    return memory.core.nextAnswer("write").handle((done, failure) -> 0).completeOnTimeout(0, DEADLINE.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private static void breakConnections(String jdbcUrl) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute("select pg_terminate_backend(pid) from pg_stat_activity "
          + "where datname = current_database() and pid <> pg_backend_pid()");
    }
  }

  private void check(String run, TestMemory memory) {
    Map<MemoryId, List<Seen>> byMemory = new HashMap<>();
    seen.forEach(each -> byMemory.computeIfAbsent(each.memory, id -> new ArrayList<>()).add(each));
    int acknowledged = 0;
    int unclear = 0;
    for (Map.Entry<MemoryId, List<Seen>> entry : byMemory.entrySet()) {
      List<HistoryEntry> history = memory.blocking.history(entry.getKey());
      Map<OperationId, HistoryEntry> log = new HashMap<>();
      for (int i = 0; i < history.size(); i++) {
        HistoryEntry step = history.get(i);
        assertThat(log.put(step.op(), step)).as("%s: one entry for %s", run, step).isNull();
        assertThat(step.version()).as("%s: versions without a gap: %s", run, history).isEqualTo(i + 1);
        assertThat(step.oldContent()).as("%s: %s starts from what was there", run, step)
            .isEqualTo(i == 0 ? null : history.get(i - 1).newContent());
      }
      Set<OperationId> explained = new HashSet<>();
      for (Seen each : entry.getValue()) {
        String what = run + ": " + each;
        switch (each.outcome) {
          case WriteOutcome.Stored(Memory stored) -> {
            HistoryEntry step = require(log, stored.op(), what);
            assertThat(step.version()).as(what).isEqualTo(stored.version());
            assertThat(step.newContent()).as(what).isEqualTo(stored.content());
            explained.add(stored.op());
          }
          case WriteOutcome.Replaced(Memory replaced) -> {
            HistoryEntry step = require(log, replaced.op(), what);
            assertThat(step.version()).as(what).isEqualTo(replaced.version());
            assertThat(step.newContent()).as(what).isEqualTo(replaced.content());
            assertThat(step.oldContent()).as("%s: there was a memory before", what).isNotNull();
            explained.add(replaced.op());
          }
          case WriteOutcome.Deleted(MemoryId id, OperationId op, int version) -> {
            HistoryEntry step = require(log, op, what);
            assertThat(step.version()).as(what).isEqualTo(version);
            explained.add(op);
          }
          case WriteOutcome.DuplicateOf(Memory there) -> assertThat(log).as(what).containsKey(there.op());
          case WriteOutcome.WasDeleted deleted -> {
            // An update may report a delete that is undone a moment later; only an add confirms.
          }
          case WriteOutcome.RolledBack rolledBack -> assertThat(log).as(what).doesNotContainKey(rolledBack.op());
          case WriteOutcome.Unsettled unsettled -> {
            assertThat(memory.blocking.hasLanded(unsettled.id(), unsettled.op())).as(what)
                .isEqualTo(log.containsKey(unsettled.op()));
            explained.add(unsettled.op());
            unclear++;
          }
          case WriteOutcome.Conflict conflict -> {
          }
          case WriteOutcome.NotFound notFound -> {
          }
          case WriteOutcome.Unpurged unpurged -> throw new AssertionError("this test never erases: " + what);
          case WriteOutcome.Refused refused -> assertThat(refused.cause()).as(what).isInstanceOf(StoreException.class);
        }
      }
      assertThat(explained).as("%s: every logged operation has a caller", run).containsAll(log.keySet());
      acknowledged += explained.size();
      inRealTimeOrder(run, entry.getValue(), log);
    }
    System.out.printf(Locale.ROOT, "%s: %d operations, %d in the histories or unclear (%d) to their callers%n", run,
        seen.size(),
        acknowledged, unclear);
    assertThat(acknowledged).as("%s: most of it was not in vain", run).isGreaterThan(seen.size() / 10);
  }

  private static HistoryEntry require(Map<OperationId, HistoryEntry> log, OperationId op, String what) {
    HistoryEntry step = log.get(op);
    if (step == null) {
      throw new AssertionError("what was acknowledged is not in the history: " + what);
    }
    return step;
  }

  /** An operation that ended before another began comes before it. */
  private static void inRealTimeOrder(String run, List<Seen> all, Map<OperationId, HistoryEntry> log) {
    record Timed(long begun, long ended, int version) {}
    List<Timed> timed = all.stream().map(each -> {
      HistoryEntry step = switch (each.outcome) {
        case WriteOutcome.Stored(Memory stored) -> log.get(stored.op());
        case WriteOutcome.Replaced(Memory replaced) -> log.get(replaced.op());
        case WriteOutcome.Deleted deleted -> log.get(deleted.op());
        default -> null;
      };
      return step == null ? null : new Timed(each.begun, each.ended, step.version());
    }).filter(Objects::nonNull).sorted(Comparator.comparingLong(Timed::begun)).toList();
    for (int i = 0; i < timed.size(); i++) {
      for (int j = i + 1; j < timed.size(); j++) {
        if (timed.get(i).ended < timed.get(j).begun) {
          assertThat(timed.get(i).version).as("%s: order of the operations that ended", run)
              .isLessThan(timed.get(j).version);
        }
      }
    }
  }
}
