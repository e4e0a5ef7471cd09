package dev.memlane.storage.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneStats;
import dev.memlane.lanes.Task;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.ManualScheduler;
import dev.memlane.testing.TestServer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What lanes promise, against a real database. A process that ends is one whose lanes are still open when the next ones of
 * the same runner are opened: it can write nothing more.
 */
@Tag("programs")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DurableLanesTest {

  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration NO_WAIT = Duration.ZERO;
  private static final Duration LONG_WAIT = Duration.ofSeconds(50);

  private static Database database;

  private final Deque<DurableLanes> opened = new ArrayDeque<>();
  private final ManualScheduler time = new ManualScheduler();
  private final AtomicReference<Instant> clock = new AtomicReference<>(Instant.parse("2026-03-01T12:00:00Z"));

  @BeforeAll
  static void openDatabase() {
    database = Database.builder(TestServer.freshDatabase()).poolSize(8).open();
  }

  @AfterAll
  static void closeDatabase() {
    database.close();
  }

  @BeforeEach
  void empty() {
    database.writeNow("emptying the tables", handle -> handle.execute("truncate lane_task, lane_runner"));
  }

  @AfterEach
  void close() {
    opened.forEach(DurableLanes::close);
  }

  private DurableLanesBuilder builder(Lane... lanes) {
    DurableLanesBuilder builder = DurableLanes.builder(database).clock(clock::get)
        .executor(executor -> executor.scheduler(time).nanoTime(time::nanoTime)).grace(Duration.ofSeconds(5));
    for (Lane lane : lanes) {
      builder.durableLane(lane);
    }
    return builder;
  }

  private DurableLanes open(DurableLanesBuilder builder) {
    DurableLanes lanes = builder.open();
    opened.push(lanes);
    return lanes;
  }

  private DurableLanes open(Lane... lanes) {
    return open(builder(lanes));
  }

  private static UUID submit(DurableLanes lanes, String lane, NewTask task) {
    return ((Submission.Accepted) lanes.submit(lane, task)).task().id();
  }

  private static UUID submit(DurableLanes lanes, String name) {
    return submit(lanes, "a", NewTask.of(name, "{\"of\": \"" + name + "\"}"));
  }

  private static UUID submitIdempotent(DurableLanes lanes, String name) {
    return submit(lanes, "a", NewTask.of(name, "1").idempotent(true));
  }

  private static Optional<TaskClaim> next(DurableLanes lanes) throws InterruptedException {
    return lanes.claim("a", LEASE, NO_WAIT);
  }

  private static TaskClaim claim(DurableLanes lanes) throws InterruptedException {
    return next(lanes).orElseThrow();
  }

  private static LaneTask task(DurableLanes lanes, UUID id) {
    return lanes.task(id).orElseThrow();
  }

  private static LaneTask ended(DurableLanes lanes, UUID id) throws InterruptedException {
    LaneTask task = lanes.awaitEnd(id, LONG_WAIT).orElseThrow();
    assertThat(task.state().isEnd()).as("%s", task).isTrue();
    return task;
  }

  private static int stateInTheDatabase(UUID id) {
    return database.readNow("reading", handle -> handle.createQuery("select state from lane_task where id = :id")
        .bind("id", id).mapTo(Integer.class).one());
  }

  private static int rows() {
    return database.readNow("reading",
        handle -> handle.createQuery("select count(*) from lane_task").mapTo(Integer.class).one());
  }

  /** Holds the lock of a task's row until it is closed, so that nothing about it can be written. */
  private static final class HeldRow implements AutoCloseable {

    private final CountDownLatch release = new CountDownLatch(1);
    private CompletableFuture<Integer> done = CompletableFuture.completedFuture(0);

    void take(UUID id) throws InterruptedException {
      CountDownLatch locked = new CountDownLatch(1);
      done = database.write("holding a row", handle -> handle.inTransaction(each -> {
        int found = each.createQuery("select 1 from lane_task where id = :id for update").bind("id", id)
            .mapTo(Integer.class).one();
        locked.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return found;
      }));
      assertThat(locked.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
      release.countDown();
      done.join();
    }
  }

  private interface Call<T> {
    T call() throws Exception;
  }

  private static <T> CompletableFuture<T> onAnotherThread(Call<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try {
        result.complete(call.call());
      } catch (Throwable e) {
        result.completeExceptionally(e);
      }
    });
    return result;
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(50, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  // Workers outside

  @Test
  void worker_claimsAndCompletes_andTheResultIsKept() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "shell");
    assertThat(task(lanes, id).state()).isEqualTo(TaskState.WAITING);

    TaskClaim claim = claim(lanes);

    assertThat(claim.task()).isEqualTo(id);
    assertThat(claim.name()).isEqualTo("shell");
    assertThat(claim.payload()).isEqualTo("{\"of\": \"shell\"}");
    assertThat(claim.attempt()).isEqualTo(1);
    assertThat(claim.lease()).isEqualTo(LEASE);
    assertThat(task(lanes, id).state()).isEqualTo(TaskState.RUNNING);
    assertThat(next(lanes)).isEmpty();
    Report report = lanes.complete(claim.id(), "[1.10]");
    assertThat(report).isInstanceOfSatisfying(Report.Recorded.class, recorded -> {
      assertThat(recorded.task().state()).isEqualTo(TaskState.DONE);
      assertThat(recorded.task().result()).isEqualTo("[1.10]");
    });
    assertThat(open(Lane.of("a")).task(id).orElseThrow().result()).isEqualTo("[1.10]");
  }

  @Test
  void worker_thatWaits_isCalledWhenATaskComes() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    CompletableFuture<Optional<TaskClaim>> first = onAnotherThread(() -> lanes.claim("a", LEASE, LONG_WAIT));
    CompletableFuture<Optional<TaskClaim>> second = onAnotherThread(() -> lanes.claim("a", LEASE, LONG_WAIT));

    UUID one = submit(lanes, "one");
    UUID two = submit(lanes, "two");

    assertThat(List.of(get(first).orElseThrow().task(), get(second).orElseThrow().task()))
        .containsExactlyInAnyOrder(one, two);
  }

  @Test
  void workers_thatWaitForPermits_areAllCalled() throws Exception {
    DurableLanes lanes = open(Lane.of("a").concurrency(2));
    for (int i = 0; i < 4; i++) {
      submit(lanes, "task " + i);
    }
    TaskClaim first = claim(lanes);
    TaskClaim second = claim(lanes);
    CompletableFuture<Optional<TaskClaim>> third = onAnotherThread(() -> lanes.claim("a", LEASE, LONG_WAIT));
    CompletableFuture<Optional<TaskClaim>> fourth = onAnotherThread(() -> lanes.claim("a", LEASE, LONG_WAIT));
    assertThat(next(lanes)).isEmpty();

    lanes.complete(first.id(), "1");
    lanes.complete(second.id(), "2");

    assertThat(get(third)).isPresent();
    assertThat(get(fourth)).isPresent();
  }

  @Test
  void workers_thatWait_areLetGoWhenTheLanesClose() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    CompletableFuture<Optional<TaskClaim>> waiting = onAnotherThread(() -> lanes.claim("a", LEASE, LONG_WAIT));

    lanes.close();

    assertThatExceptionOfType(StoreException.class).isThrownBy(() -> get(waiting)).withMessageContaining("closed");
  }

  @Test
  void lease_thatExpires_endsATaskThatMayNotRunTwice_andLateReportsAreRefused() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    time.pass(Duration.ofSeconds(20));
    assertThat(lanes.renew(claim.id(), LEASE)).isTrue();
    time.pass(Duration.ofSeconds(20));
    assertThat(task(lanes, id).state()).isEqualTo(TaskState.RUNNING);

    time.pass(Duration.ofSeconds(10));

    assertThat(ended(lanes, id).state()).isEqualTo(TaskState.FAILED);
    assertThat(lanes.deadLetters(10).getFirst().failures().getFirst()).contains("lease");
    assertThat(lanes.renew(claim.id(), LEASE)).isFalse();
    assertThat(lanes.complete(claim.id(), "1")).isInstanceOf(Report.ClaimOver.class);
    assertThat(lanes.fail(claim.id(), "late")).isInstanceOf(Report.ClaimOver.class);
    assertThat(next(lanes)).isEmpty();
  }

  @Test
  void claim_ofAnEarlierAttempt_isOver() throws Exception {
    DurableLanes lanes = open(Lane.of("a").firstPause(Duration.ofMillis(1)));
    UUID id = submitIdempotent(lanes, "again");
    TaskClaim first = claim(lanes);
    time.pass(LEASE);
    time.pass(Duration.ofSeconds(1));
    TaskClaim second = claim(lanes);
    assertThat(second.attempt()).isEqualTo(2);

    assertThat(lanes.complete(first.id(), "\"first\"")).isInstanceOf(Report.ClaimOver.class);

    assertThat(lanes.complete(second.id(), "\"second\"")).isInstanceOf(Report.Recorded.class);
    assertThat(task(lanes, id).result()).isEqualTo("\"second\"");
  }

  @Test
  void complete_reportedAgain_isAcknowledgedAgain_alsoByTheNextProcess() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    lanes.complete(claim.id(), "1");

    assertThat(lanes.complete(claim.id(), "1")).isInstanceOf(Report.Recorded.class);
    assertThat(open(Lane.of("a")).complete(claim.id(), "1")).isInstanceOf(Report.Recorded.class);
    assertThat(lanes.complete(claim.task() + ".0", "1")).as("not that claim").isInstanceOf(Report.ClaimOver.class);
    for (String none : List.of("", "x", "x.y", UUID.randomUUID() + ".1")) {
      assertThat(lanes.complete(none, "1")).as(none).isInstanceOf(Report.ClaimOver.class);
    }
  }

  @Test
  void fail_isAttemptedAgainWhileThereAreAttempts_thenItIsADeadLetter() throws Exception {
    DurableLanes lanes = open(Lane.of("a").attempts(2).firstPause(Duration.ofMillis(1)));
    UUID id = submitIdempotent(lanes, "again");

    assertThat(lanes.fail(claim(lanes).id(), "first\0")).isInstanceOfSatisfying(Report.Recorded.class,
        recorded -> assertThat(recorded.task().state()).isEqualTo(TaskState.WAITING));
    time.pass(Duration.ofSeconds(1));
    assertThat(lanes.fail(claim(lanes).id(), "second")).isInstanceOfSatisfying(Report.Recorded.class,
        recorded -> assertThat(recorded.task().state()).isEqualTo(TaskState.FAILED));

    DeadTask dead = lanes.deadLetters(10).getFirst();
    assertThat(dead.id()).isEqualTo(id);
    assertThat(dead.failures()).containsExactly("first?", "second");
    assertThat(dead.replayable()).isTrue();
  }

  @Test
  void release_letsTheTaskWaitAgain_andTheAttemptDoesNotCount() throws Exception {
    DurableLanes lanes = open(Lane.of("a").attempts(1));
    UUID id = submit(lanes, "undelivered");

    TaskClaim lost = claim(lanes);
    assertThat(lanes.release(lost.id())).isTrue();

    assertThat(lanes.release(lost.id())).isFalse();
    assertThat(lanes.complete(lost.id(), "1")).isInstanceOf(Report.ClaimOver.class);
    assertThat(stateInTheDatabase(id)).isEqualTo(TaskState.WAITING.number());
    DurableLanes next = open(Lane.of("a").attempts(1));
    assertThat(next.complete(claim(next).id(), "2")).isInstanceOf(Report.Recorded.class);
  }

  // What is written down, and when

  @Test
  void claim_thatCantBeWrittenDown_isNotHandedOut() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "once");
    try (HeldRow held = new HeldRow()) {
      held.take(id);
      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> next(lanes));
      assertThat(stateInTheDatabase(id)).isEqualTo(TaskState.WAITING.number());
    }

    assertThat(claim(lanes).task()).isEqualTo(id);
    assertThat(stateInTheDatabase(id)).isEqualTo(TaskState.RUNNING.number());
  }

  @Test
  void handler_isCalledAfterTheAttemptIsWrittenDown() throws Exception {
    AtomicReference<Integer> seen = new AtomicReference<>();
    DurableLanes lanes = open(builder(Lane.of("a")).handler("look", work -> {
      seen.set(stateInTheDatabase(work.id()));
      return "\"" + work.attempt() + work.payload() + "\"";
    }));

    LaneTask end = ended(lanes, submitIdempotent(lanes, "look"));

    assertThat(end.result()).isEqualTo("\"11\"");
    assertThat(seen.get()).isEqualTo(TaskState.RUNNING.number());
    assertThat(stateInTheDatabase(end.id())).isEqualTo(TaskState.DONE.number());
  }

  @Test
  void end_isShownAndAcknowledgedOnlyAfterItIsWrittenDown() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    CompletableFuture<Report> report;
    try (HeldRow held = new HeldRow()) {
      held.take(id);
      report = onAnotherThread(() -> lanes.complete(claim.id(), "1"));
      // The executor has decided when the permit is free again.
      while (lanes.stats().getFirst().running() > 0) {
        Thread.onSpinWait();
      }

      assertThat(task(lanes, id).state()).isEqualTo(TaskState.RUNNING);
      assertThat(lanes.awaitEnd(id, Duration.ofMillis(1)).orElseThrow().result()).isNull();
      assertThat(report).isNotDone();
    }

    assertThat(get(report)).isInstanceOf(Report.Recorded.class);
    assertThat(task(lanes, id).state()).isEqualTo(TaskState.DONE);
  }

  @Test
  void end_thatWasNotWrittenDown_isAsIfNeverReported() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submitIdempotent(lanes, "again");
    TaskClaim claim = claim(lanes);
    DurableLanes next = open(Lane.of("a"));

    assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> lanes.complete(claim.id(), "\"old\""));

    assertThat(next.complete(claim.id(), "\"again\"")).isInstanceOf(Report.Recorded.class);
    assertThat(task(next, id).result()).isEqualTo("\"again\"");
  }

  // The next process

  @Test
  void nextProcess_goesOnWithWaitingTasksInOrder() throws Exception {
    DurableLanes lanes = open(Lane.of("a").concurrency(250));
    List<UUID> ids = new ArrayList<>();
    for (int i = 0; i < 210; i++) {
      ids.add(submit(lanes, "task " + i));
    }

    DurableLanes next = open(builder(Lane.of("a").concurrency(250).queueBound(5))
        .executor(executor -> executor.scheduler(time).nanoTime(time::nanoTime).concurrency(300)));

    assertThat(next.submit("a", NewTask.of("one more", "1"))).as("more than the bound wait already")
        .isInstanceOf(Submission.Full.class);
    List<UUID> claimed = new ArrayList<>();
    for (UUID unused : ids) {
      claimed.add(claim(next).task());
    }
    assertThat(claimed).isEqualTo(ids);
  }

  @Test
  void nextProcess_attemptsWhatIsIdempotentAgain_andNothingElse() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID once = submit(lanes, "once");
    UUID again = submitIdempotent(lanes, "again");
    TaskClaim lost = claim(lanes);
    claim(lanes);
    clock.updateAndGet(now -> now.plus(LEASE));

    DurableLanes next = open(Lane.of("a"));

    TaskClaim claim = claim(next);
    assertThat(claim.task()).isEqualTo(again);
    assertThat(claim.attempt()).isEqualTo(2);
    assertThat(next(next)).isEmpty();
    DeadTask dead = next.deadLetters(10).getFirst();
    assertThat(dead.id()).isEqualTo(once);
    assertThat(dead.failures())
        .containsExactly("the worker's lease ended while the process was gone, and it is unknown what it has done");
    assertThat(next.renew(lost.id(), LEASE)).isFalse();
    assertThat(next.complete(lost.id(), "1")).isInstanceOf(Report.ClaimOver.class);
  }

  @Test
  void nextProcess_attemptsWhatAHandlerWasDoingAgain_ifItIsIdempotent() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    DurableLanes lanes = open(builder(Lane.of("a")).grace(Duration.ofMillis(1)).handler("slow", work -> {
      begun.countDown();
      new CountDownLatch(1).await();
      return "1";
    }));
    UUID once = submit(lanes, "slow");
    UUID again = submitIdempotent(lanes, "slow");
    begun.await();

    DurableLanes next = open(builder(Lane.of("a")).handler("slow", work -> "" + work.attempt()));

    assertThat(ended(next, again).result()).isEqualTo("2");
    assertThat(task(next, once).failures())
        .containsExactly("the process ended while it ran, and it is unknown what it has done");
  }

  // Claims that go on

  @Test
  void claim_goesOnInTheNextProcess() throws Exception {
    DurableLanes lanes = open(Lane.of("a").concurrency(1));
    UUID id = submit(lanes, "once");
    UUID waits = submit(lanes, "waits");
    TaskClaim claim = claim(lanes);

    DurableLanes next = open(Lane.of("a").concurrency(1));

    assertThat(task(next, id).state()).isEqualTo(TaskState.RUNNING);
    assertThat(task(next, id).attempt()).isEqualTo(1);
    assertThat(next(next)).as("it holds its permit").isEmpty();
    assertThat(next.renew(claim.id(), LEASE)).isTrue();
    assertThat(next.complete(claim.id(), "1")).isInstanceOf(Report.Recorded.class);
    assertThat(task(next, id).result()).isEqualTo("1");
    assertThat(claim(next).task()).isEqualTo(waits);
  }

  @Test
  void claim_thatFailsInTheNextProcess_isAttemptedAgain() throws Exception {
    Lane lane = Lane.of("a").attempts(2).firstPause(Duration.ofMillis(1));
    DurableLanes lanes = open(lane);
    UUID id = submitIdempotent(lanes, "again");
    TaskClaim claim = claim(lanes);
    DurableLanes next = open(lane);

    assertThat(next.fail(claim.id(), "first")).isInstanceOfSatisfying(Report.Recorded.class,
        recorded -> assertThat(recorded.task().state()).isEqualTo(TaskState.WAITING));

    time.pass(Duration.ofSeconds(1));
    TaskClaim second = claim(next);
    assertThat(second.attempt()).isEqualTo(2);
    next.fail(second.id(), "second");
    assertThat(ended(next, id).failures()).containsExactly("first", "second");
  }

  @Test
  void renewal_isWrittenDown() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    clock.updateAndGet(now -> now.plusSeconds(20));
    time.pass(Duration.ofSeconds(20));
    assertThat(lanes.renew(claim.id(), LEASE)).isTrue();
    clock.updateAndGet(now -> now.plusSeconds(20));

    DurableLanes next = open(Lane.of("a"));

    assertThat(next.complete(claim.id(), "1")).isInstanceOf(Report.Recorded.class);
  }

  @Test
  void renewal_thatCantBeWrittenDown_isNotAcknowledged() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    try (HeldRow held = new HeldRow()) {
      held.take(id);
      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> lanes.renew(claim.id(), LEASE));
    }
    open(Lane.of("a"));

    assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> lanes.renew(claim.id(), LEASE));
  }

  @Test
  void lease_thatEndsInTheNextProcess_takesTheTaskBack() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID once = submit(lanes, "once");
    UUID again = submitIdempotent(lanes, "again");
    TaskClaim lost = claim(lanes);
    claim(lanes);
    clock.updateAndGet(now -> now.plusSeconds(20));
    DurableLanes next = open(Lane.of("a").firstPause(Duration.ofMillis(1)));
    time.pass(Duration.ofSeconds(9));
    assertThat(task(next, once).state()).isEqualTo(TaskState.RUNNING);

    time.pass(Duration.ofSeconds(1));

    assertThat(ended(next, once).failures().getFirst()).contains("lease");
    assertThat(next.complete(lost.id(), "1")).isInstanceOf(Report.ClaimOver.class);
    time.pass(Duration.ofSeconds(1));
    TaskClaim second = claim(next);
    assertThat(second.task()).isEqualTo(again);
    assertThat(second.attempt()).isEqualTo(2);
  }

  @Test
  void timeOfAnAttempt_countsFromItsBeginning_inWhicheverProcess() throws Exception {
    Lane lane = Lane.of("a").timeout(Duration.ofSeconds(60));
    DurableLanes lanes = open(lane);
    UUID id = submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    clock.updateAndGet(now -> now.plusSeconds(20));
    DurableLanes next = open(lane);
    assertThat(next.renew(claim.id(), Duration.ofSeconds(100))).isTrue();

    time.pass(Duration.ofSeconds(39));
    assertThat(task(next, id).state()).isEqualTo(TaskState.RUNNING);
    time.pass(Duration.ofSeconds(1));

    assertThat(ended(next, id).state()).isEqualTo(TaskState.FAILED);
    DurableLanes shorter = open(Lane.of("a"));
    UUID tooLong = submit(shorter, "too long");
    claim(shorter);
    clock.updateAndGet(now -> now.plusSeconds(20));
    assertThat(task(open(Lane.of("a").timeout(Duration.ofSeconds(20))), tooLong).state()).isEqualTo(TaskState.FAILED);
  }

  @Test
  void claims_goOn_alsoBeyondTheLanesConcurrency() throws Exception {
    DurableLanes lanes = open(Lane.of("a").concurrency(2));
    submit(lanes, "first");
    submit(lanes, "second");
    UUID waits = submit(lanes, "waits");
    TaskClaim first = claim(lanes);
    TaskClaim second = claim(lanes);

    DurableLanes next = open(Lane.of("a").concurrency(1));

    assertThat(next.complete(first.id(), "1")).isInstanceOf(Report.Recorded.class);
    assertThat(next(next)).isEmpty();
    assertThat(next.complete(second.id(), "1")).isInstanceOf(Report.Recorded.class);
    assertThat(claim(next).task()).isEqualTo(waits);
  }

  @Test
  void claim_staysWithItsWorker_whenTheNextProcessHasAHandler() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "work");
    TaskClaim claim = claim(lanes);

    DurableLanes next = open(builder(Lane.of("a")).handler("work", work -> "\"handler\""));

    assertThat(next.complete(claim.id(), "\"worker\"")).isInstanceOf(Report.Recorded.class);
    assertThat(task(next, id).result()).isEqualTo("\"worker\"");
  }

  @Test
  void claim_ofATaskWhoseDeadlineHasPassed_isOver() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "a", NewTask.of("soon", "1").idempotent(true).within(Duration.ofSeconds(10)));
    TaskClaim claim = claim(lanes);
    clock.updateAndGet(now -> now.plusSeconds(20));

    DurableLanes next = open(Lane.of("a"));

    assertThat(task(next, id).failures().getFirst()).contains("deadline");
    assertThat(next.complete(claim.id(), "1")).isInstanceOf(Report.ClaimOver.class);
  }

  @Test
  void cancel_endsAClaimThatGoesOn() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "once");
    TaskClaim claim = claim(lanes);
    DurableLanes next = open(Lane.of("a"));

    assertThat(next.cancel(id).orElseThrow().state()).isEqualTo(TaskState.CANCELLED);

    assertThat(next.complete(claim.id(), "1")).isInstanceOf(Report.ClaimOver.class);
  }

  @Test
  void taskThatEndsItsProcess_isADeadLetterOnceItsAttemptsAreUsedUp() throws Exception {
    Lane lane = Lane.of("a").attempts(2);
    DurableLanes first = open(lane);
    UUID id = submitIdempotent(first, "deadly");
    claim(first);
    clock.updateAndGet(now -> now.plus(LEASE));
    DurableLanes second = open(lane);
    claim(second);
    clock.updateAndGet(now -> now.plus(LEASE));

    DurableLanes third = open(lane);

    assertThat(next(third)).isEmpty();
    assertThat(third.deadLetters(10).getFirst().failures()).singleElement().asString().contains("no attempts left");
    assertThat(third.replay(id)).isEqualTo(new Replay.Replayed(id));
    assertThat(claim(third).attempt()).isEqualTo(1);
  }

  @Test
  void attemptsOfEarlierProcesses_countTowardsTheLanesBound() throws Exception {
    Lane lane = Lane.of("a").attempts(2).firstPause(Duration.ofMillis(1));
    DurableLanes first = open(lane);
    UUID id = submitIdempotent(first, "again");
    first.fail(claim(first).id(), "first");

    DurableLanes second = open(lane);
    second.fail(claim(second).id(), "second");

    LaneTask end = ended(second, id);
    assertThat(end.state()).isEqualTo(TaskState.FAILED);
    assertThat(end.failures()).containsExactly("first", "second");
  }

  @Test
  void deadline_staysWhatItWas() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID soon = submit(lanes, "a", NewTask.of("soon", "1").within(Duration.ofSeconds(10)));
    UUID late = submit(lanes, "a", NewTask.of("late", "1").within(Duration.ofSeconds(30)));
    clock.updateAndGet(now -> now.plusSeconds(20));

    DurableLanes next = open(Lane.of("a"));

    assertThat(task(next, soon).state()).isEqualTo(TaskState.FAILED);
    assertThat(task(next, soon).failures().getFirst()).contains("deadline");
    assertThat(task(next, late).state()).isEqualTo(TaskState.WAITING);
    time.pass(Duration.ofSeconds(10));
    assertThat(ended(next, late).failures().getFirst()).contains("deadline");
  }

  @Test
  void formerProcess_canDoNothingMore() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "once");
    DurableLanes next = open(Lane.of("a"));

    assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> next(lanes)).withMessageContaining("main");
    assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> submit(lanes, "two"));
    assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> lanes.renew("x", LEASE));
    assertThat(rows()).isEqualTo(1);
    assertThat(claim(next).task()).isEqualTo(id);
  }

  @Test
  void formerProcess_learnsItByItself() {
    DurableLanes lanes = open(Lane.of("a"));
    open(Lane.of("a"));

    lanes.sweepOnce();

    assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> lanes.renew("x", LEASE));
  }

  @Test
  void runners_haveTheirOwnTasks() throws Exception {
    DurableLanes one = open(builder(Lane.of("a")).runner("one"));
    DurableLanes two = open(builder(Lane.of("a")).runner("two"));
    UUID id = submit(one, "a", NewTask.of("of one", "1").key("k"));

    assertThat(next(two)).isEmpty();
    assertThat(two.task(id).orElseThrow().state()).as("it can be looked at").isEqualTo(TaskState.WAITING);
    assertThat(two.submit("a", NewTask.of("of two", "1").key("k"))).isInstanceOf(Submission.Accepted.class);
    assertThat(claim(one).task()).isEqualTo(id);
  }

  @Test
  void lanesThatAreGone_leaveTheirTasksInTheDatabase() throws Exception {
    UUID id = submit(open(Lane.of("a")), "once");

    open(Lane.of("b"));

    assertThat(claim(open(Lane.of("a"))).task()).isEqualTo(id);
  }

  // Handlers

  @Test
  void handlers_doTheTasksOfTheirName_andWorkersTheOthers() throws Exception {
    DurableLanes lanes = open(builder(Lane.of("a")).handler("here", work -> "\"here\""));
    UUID outside = submit(lanes, "outside");

    assertThat(ended(lanes, submit(lanes, "here")).result()).isEqualTo("\"here\"");
    assertThat(claim(lanes).task()).isEqualTo(outside);
  }

  @Test
  void handler_thatFails_isCalledAgainIfTheTaskIsIdempotent() throws Exception {
    DurableLanes lanes = open(
        builder(Lane.of("a").attempts(2).firstPause(Duration.ofMillis(1))).handler("fail", work -> {
          throw new IllegalStateException("attempt " + work.attempt());
        }).handler("nonsense", work -> "no JSON"));

    LaneTask once = ended(lanes, submit(lanes, "fail"));
    UUID again = submitIdempotent(lanes, "fail");
    while (lanes.stats().getFirst().retrying() == 0) {
      Thread.onSpinWait();
    }
    time.pass(Duration.ofSeconds(1));

    assertThat(once.failures()).containsExactly("java.lang.IllegalStateException: attempt 1");
    assertThat(ended(lanes, again).failures()).containsExactly("java.lang.IllegalStateException: attempt 1",
        "java.lang.IllegalStateException: attempt 2");
    assertThat(ended(lanes, submit(lanes, "nonsense")).failures().getFirst()).contains("no valid JSON");
  }

  @Test
  void close_letsHandlersEnd_andLeavesTheRestToTheNextProcess() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    TaskHandler slow = work -> {
      begun.countDown();
      gate.await();
      return "1";
    };
    DurableLanes lanes = open(builder(Lane.of("a").concurrency(1)).handler("slow", slow));
    UUID first = submit(lanes, "slow");
    UUID second = submit(lanes, "slow");
    begun.await();
    CompletableFuture<Boolean> closing = onAnotherThread(() -> {
      lanes.close();
      return true;
    });
    gate.countDown();
    get(closing);

    assertThat(stateInTheDatabase(first)).isEqualTo(TaskState.DONE.number());
    DurableLanes next = open(builder(Lane.of("a")).handler("slow", slow));
    assertThat(ended(next, second).state()).isEqualTo(TaskState.DONE);
  }

  // Submitting

  @Test
  void key_findsTheTask_alsoAfterARestart() {
    NewTask task = NewTask.of("once", "1").key("k");
    DurableLanes lanes = open(Lane.of("a"));
    UUID id = submit(lanes, "a", task);

    assertThat(lanes.submit("a", task)).isInstanceOfSatisfying(Submission.Duplicate.class,
        duplicate -> assertThat(duplicate.task().id()).isEqualTo(id));
    assertThat(lanes.submit("a", NewTask.of("once", "2").key("k"))).isInstanceOf(Submission.KeyTaken.class);
    assertThat(open(Lane.of("a")).submit("a", task)).isInstanceOf(Submission.Duplicate.class);
    assertThat(rows()).isEqualTo(1);
  }

  @Test
  void fullLane_refusesAndKeepsNothing() throws Exception {
    DurableLanes lanes = open(Lane.of("a").concurrency(1).queueBound(1));
    submit(lanes, "runs");
    TaskClaim running = claim(lanes);
    submit(lanes, "waits");

    assertThat(lanes.submit("a", NewTask.of("too many", "1"))).isEqualTo(new Submission.Full("a", 1));

    assertThat(rows()).isEqualTo(2);
    lanes.complete(running.id(), "1");
    claim(lanes);
    assertThat(lanes.submit("a", NewTask.of("fits", "1"))).isInstanceOf(Submission.Accepted.class);
  }

  @Test
  void input_isChecked() throws Exception {
    DurableLanes lanes = open(builder(Lane.of("a")).lane(Lane.of("memory")));
    String large = "\"" + "x".repeat(NewTask.LONGEST_PAYLOAD) + "\"";
    for (String payload : List.of("", "{", "1 2", "{\"a\": }", "\"\ud83d\"", large,
        "[".repeat(200) + "]".repeat(200))) {
      assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> NewTask.of("x", payload));
    }
    for (String name : List.of("", " ", "a\nb", "x".repeat(201), "\udc00")) {
      assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> NewTask.of(name, "1"));
    }
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> NewTask.of("x", "1").within(Duration.ZERO));
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> lanes.submit("b", NewTask.of("x", "1")));
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> lanes.submit("memory", NewTask.of("x", "1").key("k"))).withMessageContaining("not durable");
    UUID id = submit(lanes, "kept");
    TaskClaim claim = claim(lanes);
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> lanes.complete(claim.id(), large));
    assertThat(task(lanes, id).state()).as("the claim goes on").isEqualTo(TaskState.RUNNING);
  }

  @Test
  void cancel_endsATask_waitingOrRunning() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID waiting = submit(lanes, "waits");
    assertThat(lanes.cancel(waiting).orElseThrow().state()).isEqualTo(TaskState.CANCELLED);
    UUID running = submit(lanes, "runs");
    TaskClaim claim = claim(lanes);
    assertThat(lanes.cancel(running).orElseThrow().state()).isEqualTo(TaskState.CANCELLED);

    assertThat(lanes.complete(claim.id(), "1")).isInstanceOf(Report.ClaimOver.class);
    assertThat(lanes.cancel(running).orElseThrow().state()).isEqualTo(TaskState.CANCELLED);
    assertThat(lanes.cancel(UUID.randomUUID())).isEmpty();
    assertThat(open(Lane.of("a")).task(waiting).orElseThrow().state()).isEqualTo(TaskState.CANCELLED);
  }

  // Dead letters

  @Test
  void deadLetter_isReplayedOrDropped() throws Exception {
    DurableLanes lanes = open(Lane.of("a"));
    UUID one = submit(lanes, "a", NewTask.of("one", "1").within(Duration.ofMinutes(5)));
    UUID two = submit(lanes, "two");
    lanes.fail(claim(lanes).id(), "broken");
    lanes.fail(claim(lanes).id(), "broken");
    clock.updateAndGet(now -> now.plusSeconds(3_600));

    DurableLanes next = open(Lane.of("a"));
    assertThat(next.deadLetters(1)).extracting(DeadTask::id).containsExactly(two);
    assertThat(next.replay(one)).isEqualTo(new Replay.Replayed(one));
    assertThat(next.drop(two)).isTrue();

    assertThat(next.deadLetters(10)).isEmpty();
    assertThat(next.replay(one)).isEqualTo(new Replay.Unknown());
    assertThat(next.drop(two)).isFalse();
    TaskClaim claim = claim(open(Lane.of("a")));
    assertThat(claim.task()).as("a replay outlives the process").isEqualTo(one);
    assertThat(claim.attempt()).isEqualTo(1);
  }

  @Test
  void replay_intoAFullLane_isRefused_andItStaysADeadLetter() throws Exception {
    DurableLanes lanes = open(Lane.of("a").concurrency(1).queueBound(1));
    UUID dead = submit(lanes, "dead");
    lanes.fail(claim(lanes).id(), "broken");
    submit(lanes, "waits");

    assertThat(lanes.replay(dead)).isInstanceOf(Replay.Refused.class);
    assertThat(lanes.deadLetters(10)).extracting(DeadTask::id).containsExactly(dead);
  }

  @Test
  void deadLetters_ofTasksInMemory_areReplayableInTheirProcessOnly() throws Exception {
    DurableLanes lanes = open(builder(Lane.of("a")).lane(Lane.of("memory")));
    lanes.executor().submit("memory", Task.of(() -> {
      throw new IllegalStateException("code");
    }).named("code")).future().handle((result, failure) -> 1).join();
    UUID posted = submit(lanes, "memory", NewTask.of("posted", "7"));
    lanes.fail(lanes.claim("memory", LEASE, NO_WAIT).orElseThrow().id(), "broken");
    assertThat(ended(lanes, posted).state()).isEqualTo(TaskState.FAILED);
    while (lanes.deadLetters(10).size() < 2) {
      Thread.onSpinWait();
    }

    assertThat(lanes.deadLetters(10)).allMatch(DeadTask::replayable).extracting(DeadTask::name)
        .containsExactlyInAnyOrder("code", "posted");
    assertThat(lanes.replay(posted)).isEqualTo(new Replay.Replayed(posted));
    assertThat(lanes.claim("memory", LEASE, NO_WAIT).orElseThrow().payload()).isEqualTo("7");
    DurableLanes next = open(builder(Lane.of("a")).lane(Lane.of("memory")));
    DeadTask code = next.deadLetters(10).getFirst();
    assertThat(code.replayable()).isFalse();
    assertThat(code.failures()).containsExactly("java.lang.IllegalStateException: code");
    assertThat(next.replay(code.id())).isEqualTo(new Replay.NotReplayable());
    assertThat(next.drop(code.id())).isTrue();
  }

  @Test
  void deadLetter_ofCode_runsAgain() throws Exception {
    DurableLanes lanes = open(builder().lane(Lane.of("memory")));
    CountDownLatch runs = new CountDownLatch(2);
    lanes.executor().submit("memory", Task.of(() -> {
      runs.countDown();
      throw new IllegalStateException("code");
    }));
    while (lanes.deadLetters(10).isEmpty()) {
      Thread.onSpinWait();
    }
    UUID id = lanes.deadLetters(10).getFirst().id();

    assertThat(lanes.replay(id)).isInstanceOf(Replay.Replayed.class);

    assertThat(runs.await(30, TimeUnit.SECONDS)).isTrue();
  }

  // Lanes in memory

  @Test
  void laneInMemory_worksTheSame_andWritesNothing() throws Exception {
    DurableLanes lanes = open(builder().lane(Lane.of("a")).handler("here", work -> "2"));
    UUID id = submit(lanes, "outside");

    TaskClaim claim = claim(lanes);
    assertThat(lanes.complete(claim.id(), "1")).isInstanceOf(Report.Recorded.class);

    assertThat(lanes.complete(claim.id(), "1")).isInstanceOf(Report.Recorded.class);
    assertThat(ended(lanes, id).result()).isEqualTo("1");
    assertThat(ended(lanes, submit(lanes, "here")).result()).isEqualTo("2");
    assertThat(rows()).isZero();
    assertThat(lanes.stats()).extracting(LaneStats::completed).containsExactly(2L);
  }

  // Sweeping

  @Test
  void sweep_removesOldResults_andTheOldestBeyondTheBound() throws Exception {
    DurableLanes lanes = open(builder(Lane.of("a")).retention(Duration.ofMinutes(30)).mostEnded(2).mostDeadLetters(1));
    UUID old = submit(lanes, "old");
    lanes.complete(claim(lanes).id(), "1");
    UUID dead = submit(lanes, "dead");
    lanes.fail(claim(lanes).id(), "broken");
    clock.updateAndGet(now -> now.plusSeconds(3_600));
    lanes.sweepOnce();
    assertThat(lanes.task(old)).isEmpty();
    assertThat(lanes.task(dead)).as("a dead letter doesn't get too old").isPresent();

    List<UUID> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      clock.updateAndGet(now -> now.plusSeconds(1));
      ids.add(submit(lanes, "task " + i));
      lanes.complete(claim(lanes).id(), "1");
    }
    submit(lanes, "dead too");
    lanes.fail(claim(lanes).id(), "broken");
    UUID open = submit(lanes, "waits");
    lanes.sweepOnce();

    assertThat(lanes.task(ids.get(0))).isEmpty();
    assertThat(lanes.task(ids.get(1))).isPresent();
    assertThat(lanes.task(ids.get(2))).isPresent();
    assertThat(lanes.deadLetters(10)).extracting(DeadTask::name).containsExactly("dead too");
    assertThat(lanes.task(open)).isPresent();
  }

  @Test
  void claim_ofWhichItIsUnknownWhetherItWasWrittenDown_isMadeAgain() throws InterruptedException {
    try (FaultyWire wire = FaultyWire.to(TestServer.freshDatabase());
        Database through = Database.builder(wire.jdbcUrl()).poolSize(4).connectionTimeout(Duration.ofSeconds(1)).open();
        DurableLanes lanes = DurableLanes.builder(through).durableLane(Lane.of("a")).open()) {
      UUID id = submit(lanes, "x");
      wire.refuse();
      // Each of the pool's connections may be tried.
      List<CompletableFuture<Void>> struck = IntStream.range(0, 4)
          .mapToObj(i -> wire.next(FaultyWire.Fault.CUT_ANSWER, "set state = 2")).toList();
      assertThatExceptionOfType(InDoubtException.class).isThrownBy(() -> next(lanes));
      assertThat(struck.getFirst()).isCompleted();
      wire.release();

      TaskClaim claim = claimAfterFailures(lanes, struck.size());

      assertThat(lanes.complete(claim.id(), "2")).isInstanceOf(Report.Recorded.class);
      assertThat(ended(lanes, id).state()).isEqualTo(TaskState.DONE);
    }
  }

  private static TaskClaim claimAfterFailures(DurableLanes lanes, int most) throws InterruptedException {
    if (most == 0) {
      return claim(lanes);
    }
    try {
      return claim(lanes);
    } catch (InDoubtException e) {
      // One of the faults that were left.
      return claimAfterFailures(lanes, most - 1);
    }
  }
}
