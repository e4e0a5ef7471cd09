package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.testing.ManualScheduler;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExternalTasksTest {

  private static final Duration LEASE = Duration.ofSeconds(10);

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;
  private final BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void close() {
    gate.countDown();
  }

  private LaneExecutor executor(int concurrency, Lane... lanes) {
    LaneExecutor executor = executors.open(concurrency, lanes);
    executor.subscribe(event -> true, events::add);
    return executor;
  }

  private static Task<String> external(String name) {
    return Task.external(String.class, "payload of " + name).named(name);
  }

  /** Runs a task that holds its permit until the gate is opened. It has begun when this returns. */
  private Job<String> running(LaneExecutor executor, String lane) throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Job<String> job = executor.submit(lane, Task.of(() -> {
      begun.countDown();
      gate.await();
      return "local";
    }));
    Waits.until(begun);
    return job;
  }

  private static ExternalTasks.Claim claim(LaneExecutor executor, Job<?> job) {
    return executor.externalTasks().claim(job.id(), LEASE).orElseThrow();
  }

  private static LaneStats stats(LaneExecutor executor) {
    return executor.stats().getFirst();
  }

  /** Asserts that the executor rejects everything for a claim that is over. */
  private static void assertStale(LaneExecutor executor, ExternalTasks.Claim claim) {
    assertThat(executor.externalTasks().renew(claim.id(), LEASE)).isFalse();
    assertThat(executor.externalTasks().complete(claim.id(), "late")).isFalse();
    assertThat(executor.externalTasks().fail(claim.id(), new IllegalStateException("late"))).isFalse();
  }

  // Offers

  @Test
  void submit_externalTasks_areOfferedInOrderAndHoldNoPermit() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").concurrency(1), Lane.of("b"));
    Job<String> inB = executor.submit("b", external("in b"));
    Job<String> first = executor.submit("a", external("first"));
    Job<String> second = executor.submit("a", external("second"));

    assertThat(executor.externalTasks().offers()).containsExactly(
        new ExternalTasks.Offer(first.id(), "a", "first", "payload of first", 0),
        new ExternalTasks.Offer(second.id(), "a", "second", "payload of second", 0),
        new ExternalTasks.Offer(inB.id(), "b", "in b", "payload of in b", 0));
    assertThat(stats(executor).queued()).isEqualTo(2);
    assertThat(stats(executor).running()).isZero();
    assertThat(Waits.get(executor.submit("a", Task.of(() -> "local")).future())).isEqualTo("local");
    assertThat(first.future()).isNotDone();
  }

  @Test
  void submit_externalTasks_countTowardsTheQueueBound() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").queueBound(2));
    Batch<String> batch = executor.submitAll("a", List.of(external("1"), external("2"), external("3")));

    assertThat(Waits.failure(batch.jobs().getLast().future())).isInstanceOf(LaneException.Full.class);

    assertThat(executor.externalTasks().offers()).extracting(ExternalTasks.Offer::task).containsExactly("1", "2");
    claim(executor, batch.jobs().getFirst());
    executor.submit("a", external("4"));
    assertThat(executor.externalTasks().offers()).extracting(ExternalTasks.Offer::task).containsExactly("2", "4");
  }

  @Test
  void events_externalTask_includeOffered() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));
    time.pass(Duration.ofSeconds(3));
    ExternalTasks.Claim claim = claim(executor, job);
    time.pass(Duration.ofSeconds(2));

    executor.externalTasks().complete(claim.id(), "done");

    assertThat(events.take()).isEqualTo(new LaneEvent.Submitted("a", job.id(), "task", null));
    assertThat(events.take()).isEqualTo(new LaneEvent.Offered("a", job.id(), "task", "payload of task"));
    assertThat(events.take())
        .isEqualTo(new LaneEvent.Started("a", job.id(), "task", 1, Duration.ofSeconds(3), "payload of task"));
    assertThat(events.take()).isEqualTo(new LaneEvent.Completed("a", job.id(), "task", Duration.ofSeconds(2)));
    assertThat(events.take()).isEqualTo(new LaneEvent.Idle(null));
  }

  @Test
  void payload_taskOfThisProcess_isInStarted() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));

    Job<String> job = executor.submit("a", Task.of(() -> "here").payload(Map.of("command", "make")).named("shell"));

    assertThat(Waits.get(job.future())).isEqualTo("here");
    assertThat(events.take()).isEqualTo(new LaneEvent.Submitted("a", job.id(), "shell", null));
    assertThat(events.take())
        .isEqualTo(new LaneEvent.Started("a", job.id(), "shell", 1, Duration.ZERO, Map.of("command", "make")));
    assertThat(job.task().isExternal()).isFalse();
  }

  @Test
  void external_primitiveType_acceptsTheBoxedResult() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<Integer> job = executor.submit("a", Task.external(int.class, "payload"));

    ExternalTasks.Claim claim = executor.externalTasks().next("a", LEASE).orElseThrow();
    assertThat(executor.externalTasks().complete(claim.id(), 7)).isTrue();

    assertThat(Waits.get(job.future())).isEqualTo(7);
  }

  @Test
  void task_neitherOrBothOfWorkAndType_isRejected() {
    assertThatThrownBy(() -> new Task<String>(null, null, "payload", "task", false, null))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("task task needs either work, or the type");
    assertThatThrownBy(() -> new Task<>(() -> "", String.class, "payload", "task", false, null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // Claims

  @Test
  void next_severalOffers_claimsTheOldest() {
    LaneExecutor executor = executor(4, Lane.of("a"), Lane.of("b"));
    executor.submit("b", external("in b"));
    Job<String> first = executor.submit("a", external("first"));
    Job<String> second = executor.submit("a", external("second"));

    ExternalTasks.Claim claim = executor.externalTasks().next("a", LEASE).orElseThrow();

    assertThat(claim)
        .isEqualTo(new ExternalTasks.Claim(claim.id(), first.id(), "a", "first", "payload of first", 1, LEASE));
    assertThat(executor.externalTasks().next("a", LEASE).orElseThrow().job()).isEqualTo(second.id());
    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
    assertThat(executor.externalTasks().offers()).extracting(ExternalTasks.Offer::task).containsExactly("in b");
  }

  @Test
  void next_nearDeadline_claimsItFirst() {
    LaneExecutor executor = executor(4, Lane.of("a"));
    executor.submit("a", external("old"));
    executor.submit("a", external("urgent").within(Duration.ofSeconds(12)));
    time.pass(Duration.ofSeconds(5));

    assertThat(executor.externalTasks().next("a", LEASE).orElseThrow().task()).isEqualTo("urgent");
    assertThat(executor.externalTasks().next("a", LEASE).orElseThrow().task()).isEqualTo("old");
  }

  @Test
  void claim_byId_claimsOutOfOrderAndOnce() {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> first = executor.submit("a", external("first"));
    Job<String> second = executor.submit("a", external("second"));

    ExternalTasks.Claim claim = executor.externalTasks().claim(second.id(), LEASE).orElseThrow();

    assertThat(claim.job()).isEqualTo(second.id());
    assertThat(executor.externalTasks().claim(second.id(), LEASE)).isEmpty();
    assertThat(executor.externalTasks().offers()).extracting(ExternalTasks.Offer::id).containsExactly(first.id());
    assertThat(executor.externalTasks().next("a", LEASE).orElseThrow().job()).isEqualTo(first.id());
  }

  @Test
  void claim_notOffered_isEmpty() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> local = running(executor, "a");
    Job<String> done = executor.submit("a", external("done"));
    executor.externalTasks().complete(claim(executor, done).id(), "done");

    assertThat(executor.externalTasks().claim(local.id(), LEASE)).isEmpty();
    assertThat(executor.externalTasks().claim(done.id(), LEASE)).isEmpty();
    assertThat(executor.externalTasks().claim("nothing", LEASE)).isEmpty();
  }

  @Test
  void complete_unknownClaim_isRejected() {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);

    for (String id : List.of("", ".", "nothing", job.id(), job.id() + ".", job.id() + ".2", job.id() + ".x",
        claim.id() + ".1")) {
      assertThat(executor.externalTasks().complete(id, "done")).as(id).isFalse();
      assertThat(executor.externalTasks().fail(id, new IllegalStateException("no"))).as(id).isFalse();
      assertThat(executor.externalTasks().renew(id, LEASE)).as(id).isFalse();
    }
    assertThat(job.future()).isNotDone();
  }

  @Test
  void next_zeroLeaseOrUnknownLane_isRejected() {
    ExternalTasks external = executor(4, Lane.of("a")).externalTasks();

    assertThatThrownBy(() -> external.next("a", Duration.ZERO)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the lease is PT0S");
    assertThatThrownBy(() -> external.claim("id", Duration.ofSeconds(-1))).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> external.renew("id", Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> external.next("b", LEASE)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no lane b");
  }

  // Claims that go on

  @Test
  void resume_waitingTask_goesOnWithTheSameAttempt() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").attempts(2).firstPause(Duration.ofMillis(1)));
    Job<String> job = executor.resubmit("a", external("task").idempotent(true), 1);

    ExternalTasks.Claim claim = executor.externalTasks().resume(job.id(), Duration.ofSeconds(3), LEASE).orElseThrow();

    assertThat(claim.attempt()).isEqualTo(2);
    assertThat(claim.lease()).isEqualTo(LEASE);
    assertThat(Waits.next(events, LaneEvent.Started.class))
        .isEqualTo(new LaneEvent.Started("a", job.id(), "task", 2, Duration.ZERO, "payload of task"));
    assertThat(executor.externalTasks().resume(job.id(), Duration.ZERO, LEASE)).as("it doesn't wait").isEmpty();
    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
    time.pass(Duration.ofSeconds(2));
    executor.externalTasks().complete(claim.id(), "done");
    assertThat(Waits.get(job.future())).isEqualTo("done");
    assertThat(Waits.next(events, LaneEvent.Completed.class).ran()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void resume_leaseThatEnds_takesTheTaskBack() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").timeout(Duration.ofSeconds(30)));
    Job<String> job = executor.resubmit("a", external("task"), 0);
    ExternalTasks.Claim claim = executor.externalTasks().resume(job.id(), Duration.ofSeconds(25), LEASE).orElseThrow();
    assertThat(claim.lease()).as("the attempt has run before").isEqualTo(Duration.ofSeconds(5));
    assertThat(executor.externalTasks().renew(claim.id(), LEASE)).isTrue();

    time.pass(Duration.ofSeconds(5));

    assertThat(Waits.failure(job.future())).isInstanceOf(LaneException.class);
    assertStale(executor, claim);
    Job<String> late = executor.resubmit("a", external("late"), 0);
    assertThat(executor.externalTasks().resume(late.id(), Duration.ofSeconds(30), LEASE)).isEmpty();
  }

  @Test
  void resume_beyondTheConcurrency_letsNothingElseBeginUntilEnoughHaveEnded() throws Exception {
    LaneExecutor executor = executors.open(2, Lane.of("a").concurrency(1), Lane.of("b"));
    List<ExternalTasks.Claim> claims = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Job<String> job = executor.resubmit("a", external("task " + i), 0);
      claims.add(executor.externalTasks().resume(job.id(), Duration.ZERO, LEASE).orElseThrow());
    }
    assertThat(stats(executor).running()).isEqualTo(3);
    Job<String> inA = executor.submit("a", Task.of(() -> "in a"));
    Job<String> inB = executor.submit("b", Task.of(() -> "in b"));

    executor.externalTasks().complete(claims.get(0).id(), "done");
    assertThat(executor.stats()).extracting(LaneStats::queued).containsExactly(1, 1);
    executor.externalTasks().complete(claims.get(1).id(), "done");

    assertThat(Waits.get(inB.future())).isEqualTo("in b");
    assertThat(stats(executor).queued()).as("its lane is full").isEqualTo(1);
    executor.externalTasks().complete(claims.get(2).id(), "done");
    assertThat(Waits.get(inA.future())).isEqualTo("in a");
  }

  @Test
  void resume_whileALocalTaskRuns_takesItsPermitWhenThatEnds() throws Exception {
    LaneExecutor executor = executors.open(1, Lane.of("a"));
    Job<String> external = executor.resubmit("a", external("task"), 0);
    Job<String> local = running(executor, "a");
    Job<String> next = executor.submit("a", Task.of(() -> "next"));
    ExternalTasks.Claim claim = executor.externalTasks().resume(external.id(), Duration.ZERO, LEASE).orElseThrow();

    gate.countDown();
    Waits.get(local.future());

    assertThat(stats(executor).queued()).isEqualTo(1);
    assertThat(next.future()).isNotDone();
    executor.externalTasks().complete(claim.id(), "done");
    assertThat(Waits.get(next.future())).isEqualTo("next");
  }

  @Test
  void resume_isNoStart() {
    LaneExecutor executor = executor(4, Lane.of("a").startsPerMinute(1));
    Job<String> job = executor.resubmit("a", external("task"), 0);
    executor.submit("a", external("other"));
    assertThat(executor.externalTasks().resume(job.id(), Duration.ZERO, LEASE)).isPresent();

    assertThat(executor.externalTasks().next("a", LEASE)).isPresent();
  }

  // Permits

  @Test
  void claim_untilCompleted_holdsAPermit() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(1));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);
    assertThat(stats(executor).running()).isEqualTo(1);
    Job<String> local = executor.submit("a", Task.of(() -> "local"));
    assertThat(stats(executor).queued()).isEqualTo(1);

    assertThat(executor.externalTasks().complete(claim.id(), "external")).isTrue();

    assertThat(Waits.get(local.future())).isEqualTo("local");
    assertThat(Waits.get(job.future())).isEqualTo("external");
  }

  @Test
  void claim_laneAtItsConcurrency_isEmpty() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(2));
    Job<String> local = running(executor, "a");
    executor.submit("a", external("first"));
    Job<String> second = executor.submit("a", external("second"));
    assertThat(executor.externalTasks().next("a", LEASE)).isPresent();

    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
    assertThat(executor.externalTasks().claim(second.id(), LEASE)).isEmpty();

    assertThat(executor.externalTasks().offers()).extracting(ExternalTasks.Offer::id).containsExactly(second.id());
    gate.countDown();
    Waits.get(local.future());
    assertThat(executor.externalTasks().next("a", LEASE).orElseThrow().job()).isEqualTo(second.id());
  }

  @Test
  void claim_otherLanesHoldAllPermits_isEmpty() throws Exception {
    LaneExecutor executor = executor(2, Lane.of("a"), Lane.of("b").reserved(1));
    executor.submit("a", external("task"));
    Job<String> local = running(executor, "a");

    assertThat(executor.externalTasks().next("a", LEASE)).as("the other permit is reserved").isEmpty();

    executor.submit("b", external("in b"));
    assertThat(executor.externalTasks().next("b", LEASE)).isPresent();
    gate.countDown();
    Waits.get(local.future());
    assertThat(executor.externalTasks().next("a", LEASE)).isPresent();
  }

  @Test
  void claim_foundNoPermit_isOfferedAgainWhenOneIsFree() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(1));
    running(executor, "a");
    Job<String> first = executor.submit("a", external("first"));
    Job<String> second = executor.submit("a", external("second"));
    Waits.next(events, LaneEvent.Offered.class);
    Waits.next(events, LaneEvent.Offered.class);
    assertThat(executor.externalTasks().claim(second.id(), LEASE)).isEmpty();

    gate.countDown();

    LaneEvent.Offered offered = Waits.next(events, LaneEvent.Offered.class);
    assertThat(offered).isEqualTo(new LaneEvent.Offered("a", first.id(), "first", "payload of first"));
    ExternalTasks.Claim claim = executor.externalTasks().next("a", LEASE).orElseThrow();
    executor.externalTasks().complete(claim.id(), "done");
    executor.submit("a", Task.of(() -> "local"));
    assertThat(events.take()).isInstanceOf(LaneEvent.Started.class);
    assertThat(events.take()).isInstanceOf(LaneEvent.Completed.class);
    assertThat(events.take()).as("no claim has failed for lack of a permit").isInstanceOf(LaneEvent.Submitted.class);
  }

  @Test
  void claim_foundNoPermit_isNotOfferedAPermitThatALocalTaskGets() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(1));
    running(executor, "a");
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch secondGate = new CountDownLatch(1);
    executor.submit("a", Task.of(() -> {
      begun.countDown();
      secondGate.await();
      return "local";
    }));
    Job<String> job = executor.submit("a", external("first"));
    Waits.next(events, LaneEvent.Offered.class);
    assertThat(executor.externalTasks().claim(job.id(), LEASE)).isEmpty();

    gate.countDown();
    Waits.until(begun);
    Waits.next(events, LaneEvent.Completed.class);
    assertThat(events.take()).isInstanceOf(LaneEvent.Started.class);
    secondGate.countDown();

    assertThat(events.take()).as("the permit of the first one is not offered").isInstanceOf(LaneEvent.Completed.class);
    assertThat(events.take()).isInstanceOf(LaneEvent.Offered.class);
    assertThat(executor.externalTasks().claim(job.id(), LEASE)).isPresent();
  }

  @Test
  void claim_heldBackByStartLimit_isOfferedAgainWhenTheLimitEnds() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").startsPerMinute(1));
    executor.submit("a", external("first"));
    Job<String> second = executor.submit("a", external("second"));
    Waits.next(events, LaneEvent.Offered.class);
    Waits.next(events, LaneEvent.Offered.class);
    ExternalTasks.Claim claim = executor.externalTasks().next("a", LEASE).orElseThrow();
    executor.externalTasks().complete(claim.id(), "done");
    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();

    time.pass(Duration.ofMinutes(1));

    assertThat(Waits.next(events, LaneEvent.Offered.class).id()).isEqualTo(second.id());
    assertThat(executor.externalTasks().next("a", LEASE)).isPresent();
  }

  @Test
  void claim_laneWithStartLimit_countsAsAStart() {
    LaneExecutor executor = executor(4, Lane.of("a").startsPerMinute(1));
    executor.submitAll("a", List.of(external("1"), external("2")));

    ExternalTasks.Claim claim = executor.externalTasks().next("a", LEASE).orElseThrow();
    executor.externalTasks().complete(claim.id(), "done");

    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
    time.pass(Duration.ofSeconds(59));
    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
    time.pass(Duration.ofSeconds(1));
    assertThat(executor.externalTasks().next("a", LEASE)).isPresent();
  }

  // Releases

  @Test
  void release_claimedTask_waitsAgainAndTheAttemptDoesNotCount() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").concurrency(1).attempts(1));
    Job<String> job = executor.submit("a", external("task").idempotent(true));
    ExternalTasks.Claim claim = claim(executor, job);

    assertThat(executor.externalTasks().release(claim.id())).isTrue();

    assertStale(executor, claim);
    assertThat(executor.externalTasks().release(claim.id())).isFalse();
    assertThat(stats(executor).running()).isZero();
    ExternalTasks.Claim next = claim(executor, job);
    assertThat(next.id()).isNotEqualTo(claim.id());
    assertThat(executor.externalTasks().complete(next.id(), "done")).isTrue();
    assertThat(job.future()).isCompletedWithValue("done");
  }

  @Test
  void release_doesNotLengthenTheTask() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").attempts(2).firstPause(Duration.ofMillis(1)));
    Job<String> job = executor.submit("a", external("task").idempotent(true));
    executor.externalTasks().release(claim(executor, job).id());

    executor.externalTasks().fail(claim(executor, job).id(), new IllegalStateException("first"));
    time.pass(Duration.ofSeconds(1));
    executor.externalTasks().fail(claim(executor, job).id(), new IllegalStateException("second"));

    assertThat(Waits.failure(job.future())).hasMessage("second");
  }

  @Test
  void resubmit_countsEarlierAttempts() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").attempts(3).firstPause(Duration.ofMillis(1)));
    Job<String> job = executor.resubmit("a", external("task").idempotent(true), 1);

    ExternalTasks.Claim second = claim(executor, job);
    assertThat(second.attempt()).isEqualTo(2);
    executor.externalTasks().fail(second.id(), new IllegalStateException("second"));
    time.pass(Duration.ofSeconds(1));
    executor.externalTasks().fail(claim(executor, job).id(), new IllegalStateException("third"));

    assertThat(Waits.failure(job.future())).hasMessage("third");
    assertThatThrownBy(() -> executor.resubmit("a", external("task"), -1)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 0");
  }

  // Results

  @Test
  void complete_validClaim_completesTheJob() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);

    assertThat(executor.externalTasks().complete(claim.id(), "done")).isTrue();

    assertThat(job.future()).isCompletedWithValue("done");
    assertStale(executor, claim);
    assertThat(job.future()).isCompletedWithValue("done");
    assertThat(stats(executor).completed()).isEqualTo(1);
    assertThat(stats(executor).running()).isZero();
    assertThat(executor.externalTasks().offers()).isEmpty();
  }

  @Test
  void complete_doneJob_isNotRetained() {
    // There is no subscription, which would retain events.
    LaneExecutor executor = executors.open(LaneExecutor.builder().lane(Lane.of("a")));
    WeakReference<Object> payload = submitAndComplete(executor);

    for (int i = 0; i < 100 && payload.get() != null; i++) {
      System.gc();
    }

    assertThat(payload.get()).isNull();
  }

  private static WeakReference<Object> submitAndComplete(LaneExecutor executor) {
    Object payload = new Object();
    executor.submit("a", Task.external(String.class, payload));
    ExternalTasks.Claim claim = executor.externalTasks().next("a", LEASE).orElseThrow();
    assertThat(executor.externalTasks().complete(claim.id(), "done")).isTrue();
    return new WeakReference<>(payload);
  }

  @Test
  void complete_wrongType_isRejectedAndTheClaimStays() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<Number> job = executor.submit("a", Task.external(Number.class, "payload").named("task"));
    ExternalTasks.Claim claim = claim(executor, job);

    assertThatThrownBy(() -> executor.externalTasks().complete(claim.id(), "text"))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(job.id(), "task",
            "java.lang.Number", "java.lang.String");

    assertThat(job.future()).isNotDone();
    assertThat(executor.externalTasks().renew(claim.id(), LEASE)).isTrue();
    assertThat(executor.externalTasks().complete(claim.id(), 42)).isTrue();
    assertThat(Waits.get(job.future())).isEqualTo(42);
  }

  @Test
  void fail_notIdempotent_isADeadLetterAndOfferedAgainWhenReplayed() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);
    Throwable failure = new IllegalStateException("no");

    assertThat(executor.externalTasks().fail(claim.id(), failure)).isTrue();

    assertThat(Waits.failure(job.future())).isSameAs(failure);
    assertStale(executor, claim);
    assertThat(stats(executor).running()).isZero();
    assertThat(executor.deadLetters()).singleElement().satisfies(letter -> {
      assertThat(letter.id()).isEqualTo(job.id());
      assertThat(letter.failures()).containsExactly(failure);
    });
    assertThat(executor.externalTasks().offers()).isEmpty();
    Job<?> replayed = executor.replay(job.id()).orElseThrow();
    assertThat(executor.externalTasks().offers())
        .containsExactly(new ExternalTasks.Offer(replayed.id(), "a", "task", "payload of task", 0));
  }

  @Test
  void fail_idempotent_isOfferedAgainUntilAttemptsAreUsedUp() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").attempts(2).firstPause(Duration.ofSeconds(1)));
    Job<String> job = executor.submit("a", external("task").idempotent(true));
    Waits.next(events, LaneEvent.Offered.class);
    ExternalTasks.Claim first = claim(executor, job);
    Throwable firstFailure = new IllegalStateException("first");

    assertThat(executor.externalTasks().fail(first.id(), firstFailure)).isTrue();

    assertThat(executor.externalTasks().offers()).isEmpty();
    assertThat(executor.externalTasks().claim(job.id(), LEASE)).as("during its pause").isEmpty();
    assertThat(stats(executor).retrying()).isEqualTo(1);
    time.pass(Duration.ofSeconds(1));
    assertThat(Waits.next(events, LaneEvent.Offered.class).id()).isEqualTo(job.id());
    assertThat(executor.externalTasks().offers())
        .containsExactly(new ExternalTasks.Offer(job.id(), "a", "task", "payload of task", 1));
    ExternalTasks.Claim second = claim(executor, job);
    assertThat(second.id()).isNotEqualTo(first.id());
    assertThat(second.attempt()).isEqualTo(2);
    assertStale(executor, first);
    Throwable secondFailure = new IllegalStateException("second");
    assertThat(executor.externalTasks().fail(second.id(), secondFailure)).isTrue();
    assertThat(Waits.failure(job.future())).isSameAs(secondFailure);
    assertThat(executor.deadLetters()).singleElement().satisfies(
        letter -> assertThat(letter.failures()).containsExactly(firstFailure, secondFailure));
  }

  // Leases

  @Test
  void lease_expiredAndIdempotent_isOfferedAgain() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(1).firstPause(Duration.ofSeconds(1)));
    Job<String> job = executor.submit("a", external("task").idempotent(true));
    Waits.next(events, LaneEvent.Offered.class);
    ExternalTasks.Claim lost = claim(executor, job);

    time.pass(LEASE);

    assertThat(Waits.next(events, LaneEvent.Retried.class).failure()).isInstanceOf(LaneException.TimedOut.class)
        .hasMessageContaining("lease of its worker expired");
    assertStale(executor, lost);
    assertThat(stats(executor).running()).isZero();
    time.pass(Duration.ofSeconds(1));
    Waits.next(events, LaneEvent.Offered.class);
    ExternalTasks.Claim found = executor.externalTasks().next("a", LEASE).orElseThrow();
    assertThat(found.job()).isEqualTo(job.id());
    assertThat(found.id()).isNotEqualTo(lost.id());
    assertStale(executor, lost);
    assertThat(job.future()).isNotDone();
    assertThat(executor.externalTasks().complete(found.id(), "done")).isTrue();
    assertThat(job.future()).isCompletedWithValue("done");
    assertThat(executor.deadLetters()).isEmpty();
  }

  @Test
  void lease_expiredAndNotIdempotent_failsTheJob() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(1));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim lost = claim(executor, job);
    time.pass(LEASE.minusNanos(1));
    assertThat(executor.externalTasks().renew(lost.id(), Duration.ofNanos(1))).isTrue();

    time.pass(Duration.ofNanos(1));

    assertThat(Waits.failure(job.future())).isInstanceOf(LaneException.TimedOut.class).hasMessageContainingAll("task",
        job.id(), "lease of its worker expired");
    assertStale(executor, lost);
    assertThat(executor.externalTasks().offers()).isEmpty();
    assertThat(executor.deadLetters()).extracting(DeadLetter::id).containsExactly(job.id());
    assertThat(Waits.get(executor.submit("a", Task.of(() -> "next")).future())).isEqualTo("next");
  }

  @Test
  void lease_longerThanTheTimeout_isShortenedToIt() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").timeout(Duration.ofSeconds(5)));
    Job<String> job = executor.submit("a", external("task"));

    ExternalTasks.Claim claim = claim(executor, job);

    assertThat(claim.lease()).isEqualTo(Duration.ofSeconds(5));
    time.pass(Duration.ofSeconds(5));
    assertThat(Waits.failure(job.future())).isInstanceOf(LaneException.TimedOut.class);
    assertStale(executor, claim);
  }

  @Test
  void renew_longer_extendsTheLease() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);
    time.pass(Duration.ofSeconds(8));

    assertThat(executor.externalTasks().renew(claim.id(), LEASE)).isTrue();

    time.pass(Duration.ofSeconds(2));
    untilTheAlarmIsSetAgain(job);
    assertThat(job.future()).isNotDone();
    time.pass(Duration.ofSeconds(8).minusNanos(1));
    assertThat(executor.externalTasks().renew(claim.id(), Duration.ofNanos(1))).isTrue();
    assertThat(job.future()).isNotDone();
    time.pass(Duration.ofNanos(1));
    assertThat(Waits.failure(job.future())).isInstanceOf(LaneException.TimedOut.class);
    assertStale(executor, claim);
  }

  /** The one alarm of all attempts rings when the first lease would have expired, and is then set to the next. */
  private void untilTheAlarmIsSetAgain(Job<?> job) {
    while (time.pending() == 0 && !job.future().isDone()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void renew_beyondTheTimeout_endsAtTheTimeout() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").timeout(Duration.ofSeconds(15)));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);
    time.pass(Duration.ofSeconds(8));

    assertThat(executor.externalTasks().renew(claim.id(), Duration.ofMinutes(10))).isTrue();

    time.pass(Duration.ofSeconds(2));
    untilTheAlarmIsSetAgain(job);
    assertThat(job.future()).isNotDone();
    time.pass(Duration.ofSeconds(5));
    assertThat(Waits.failure(job.future())).isInstanceOf(LaneException.TimedOut.class);
    assertStale(executor, claim);
  }

  @Test
  void renew_shorter_shortensTheLease() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));
    ExternalTasks.Claim claim = claim(executor, job);

    assertThat(executor.externalTasks().renew(claim.id(), Duration.ofSeconds(1))).isTrue();

    time.pass(Duration.ofSeconds(1));
    assertThat(Waits.failure(job.future())).isInstanceOf(LaneException.TimedOut.class);
  }

  // Cancellation, deadlines, shutdown

  @Test
  void cancel_claimed_returnsThePermitAndTheClaimIsStale() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(1));
    Job<String> job = executor.submit("a", external("task").idempotent(true));
    ExternalTasks.Claim claim = claim(executor, job);
    Job<String> next = executor.submit("a", Task.of(() -> "next"));

    job.cancel();

    assertThat(Waits.get(next.future())).isEqualTo("next");
    assertStale(executor, claim);
    assertThat(job.future()).isCancelled();
    assertThat(stats(executor).cancelled()).isEqualTo(1);
    Waits.get(executor.drain());
  }

  @Test
  void cancel_offered_isNoLongerOffered() {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));

    job.cancel();

    assertThat(executor.externalTasks().offers()).isEmpty();
    assertThat(executor.externalTasks().claim(job.id(), LEASE)).isEmpty();
    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
  }

  @Test
  void deadline_offeredOrClaimed_failsTheJob() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> offered = executor.submit("a", external("offered").within(Duration.ofSeconds(3)));
    Job<String> claimed = executor.submit("a", external("claimed").within(Duration.ofSeconds(3)).idempotent(true));
    ExternalTasks.Claim claim = claim(executor, claimed);

    time.pass(Duration.ofSeconds(3));

    assertThat(Waits.failure(offered.future())).isInstanceOf(LaneException.TimedOut.class)
        .hasMessageContainingAll("offered", "PT3S");
    assertThat(Waits.failure(claimed.future())).isInstanceOf(LaneException.TimedOut.class)
        .hasMessageContainingAll("claimed", "PT3S");
    assertStale(executor, claim);
    assertThat(executor.externalTasks().offers()).isEmpty();
    Waits.get(executor.drain());
    assertThat(executor.deadLetters()).extracting(DeadLetter::id).containsExactlyInAnyOrder(offered.id(), claimed.id());
  }

  @Test
  void drain_offeredAndClaimed_waitsForThem() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> job = executor.submit("a", external("task"));

    CompletableFuture<?> drain = executor.drain();

    assertThat(drain).isNotDone();
    ExternalTasks.Claim claim = claim(executor, job);
    assertThat(drain).isNotDone();
    executor.externalTasks().complete(claim.id(), "done");
    Waits.get(drain);
  }

  @Test
  void shutdown_noGrace_failsOfferedAndClaimedJobs() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> offered = executor.submit("a", external("offered"));
    Job<String> claimed = executor.submit("a", external("claimed"));
    ExternalTasks.Claim claim = claim(executor, claimed);

    assertThat(executor.shutdown(Duration.ZERO)).isFalse();

    assertThat(Waits.failure(offered.future())).isInstanceOf(LaneException.ShutDown.class)
        .hasMessageContaining("offered");
    assertThat(Waits.failure(claimed.future())).isInstanceOf(LaneException.ShutDown.class)
        .hasMessageContaining("claimed");
    assertStale(executor, claim);
    assertThat(executor.externalTasks().offers()).isEmpty();
    assertThat(executor.externalTasks().next("a", LEASE)).isEmpty();
    assertThat(Waits.failure(executor.submit("a", external("late")).future()))
        .isInstanceOf(LaneException.ShutDown.class);
    assertThat(executor.deadLetters()).isEmpty();
  }

  @Test
  void shutdown_grace_letsWorkersFinish() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Job<String> offered = executor.submit("a", external("offered"));
    Job<String> claimed = executor.submit("a", external("claimed"));
    ExternalTasks.Claim claim = claim(executor, claimed);
    CompletableFuture<Boolean> shutdown = CompletableFuture
        .supplyAsync(() -> executor.shutdown(Duration.ofSeconds(30)));
    Waits.next(events, LaneEvent.ShutDown.class);

    assertThat(executor.externalTasks().complete(claim.id(), "done")).isTrue();
    assertThat(executor.externalTasks().complete(claim(executor, offered).id(), "done")).isTrue();

    assertThat(Waits.get(shutdown)).isTrue();
    assertThat(offered.future()).isCompletedWithValue("done");
    assertThat(claimed.future()).isCompletedWithValue("done");
  }

  // Many threads

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void manyWorkers_claimAndComplete_eachTaskIsDoneOnce(long seed) throws Exception {
    int tasks = 300;
    int permits = 3;
    Lane lane = Lane.of("a").concurrency(permits).attempts(tasks).firstPause(Duration.ofNanos(1));
    Set<String> claims = ConcurrentHashMap.newKeySet();
    Set<String> held = ConcurrentHashMap.newKeySet();
    AtomicInteger mostHeld = new AtomicInteger();
    Map<String, String> answers = new ConcurrentHashMap<>();
    try (LaneExecutor executor = LaneExecutor.builder().concurrency(5).lane(lane).build();
        ExecutorService workers = Executors.newFixedThreadPool(4)) {
      Batch<String> batch = executor.submitAll("a", tasks(tasks));
      CompletableFuture<List<String>> all = batch.allOf();
      List<Future<?>> working = new ArrayList<>();
      for (int worker = 0; worker < 4; worker++) {
        Random random = new Random(31 * seed + worker);
        String name = "worker " + worker;
        working.add(workers.submit(() -> {
          try {
            while (!all.isDone()) {
              Optional<ExternalTasks.Claim> claim = anyClaim(executor, random);
              if (claim.isEmpty()) {
                Thread.onSpinWait();
                continue;
              }
              String id = claim.get().id();
              String job = claim.get().job();
              assertThat(claims.add(id)).as("seed %s: %s was claimed twice", seed, id).isTrue();
              assertThat(held.add(job)).as("seed %s: two hold %s", seed, job).isTrue();
              mostHeld.accumulateAndGet(held.size(), Math::max);
              held.remove(job);
              if (random.nextInt(3) == 0) {
                assertThat(executor.externalTasks().fail(id, new IllegalStateException("again"))).as("seed %s", seed)
                    .isTrue();
              } else {
                answers.put(job, name + " by " + id);
                assertThat(executor.externalTasks().complete(id, name + " by " + id)).as("seed %s", seed).isTrue();
              }
              assertThat(executor.externalTasks().complete(id, "again")).as("seed %s", seed).isFalse();
            }
            return null;
          } catch (Throwable e) {
            // The other workers would wait for the task that this one has claimed.
            all.completeExceptionally(e);
            throw e;
          }
        }));
      }
      for (Future<?> one : working) {
        one.get(60, TimeUnit.SECONDS);
      }
      assertThat(Waits.get(all)).as("seed %s", seed)
          .isEqualTo(batch.jobs().stream().map(job -> answers.get(job.id())).toList());
      Waits.get(executor.drain());
      LaneStats stats = stats(executor);
      assertThat(stats.completed()).as("seed %s", seed).isEqualTo(tasks);
      assertThat(stats.retries()).as("seed %s", seed).isEqualTo(claims.size() - tasks);
      assertThat(stats.queued() + stats.running() + stats.retrying()).as("seed %s", seed).isZero();
    }
    assertThat(mostHeld).as("seed %s", seed).hasValueBetween(1, permits);
  }

  private static List<Task<String>> tasks(int count) {
    List<Task<String>> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tasks.add(external("task " + i).idempotent(true));
    }
    return tasks;
  }

  /** Claims the next task, or the first offered one, which other workers want as well. */
  private static Optional<ExternalTasks.Claim> anyClaim(LaneExecutor executor, Random random) {
    if (random.nextBoolean()) {
      return executor.externalTasks().next("a", Duration.ofMinutes(1));
    }
    List<ExternalTasks.Offer> offers = executor.externalTasks().offers();
    return offers.isEmpty()
        ? Optional.empty()
        : executor.externalTasks().claim(offers.getFirst().id(), Duration.ofMinutes(1));
  }
}
