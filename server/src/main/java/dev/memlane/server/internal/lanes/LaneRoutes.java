package dev.memlane.server.internal.lanes;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.server.Role;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.api.MemoryAccess;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Peer;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import dev.memlane.storage.tasks.DeadTask;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.storage.tasks.LaneTask;
import dev.memlane.storage.tasks.Replay;
import dev.memlane.storage.tasks.Report;
import dev.memlane.storage.tasks.Submission;
import dev.memlane.storage.tasks.TaskClaim;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The routes of lanes. They are for callers who reach everything, because tasks belong to no scope. A key of role read looks, one of
 * role write submits and works, and one of role admin decides about dead letters. Safe for use by several threads.
 */
public final class LaneRoutes implements AutoCloseable {

  private static final int LONGEST_WAIT = 60;
  private static final int USUAL_LEASE = 30;
  private static final int LONGEST_LEASE = 86_400;
  private static final int MOST_LETTERS = 1_000;

  private final BlockingMemory memory;
  private final @Nullable DurableLanes lanes;
  private final LongPolls polls;
  private final Audit audit;

  /** How to claim a task, in the body of a request. */
  record ClaimBody(@JsonProperty("wait") @Nullable Integer seconds, @Nullable Integer lease) {
    static final ClaimBody NOTHING = new ClaimBody(null, null);
  }

  /** How to renew a claim, in the body of a request. */
  record RenewBody(@Nullable Integer lease) {}

  /** A claim's result, in the body of a request. */
  record ResultBody(@Nullable RawJson result) {}

  /** Why a claimed task failed, in the body of a request. */
  record FailureBody(@Nullable String failure) {}

  /**
   * @param lanes null for none
   * @param mostWaits how many requests may wait at once
   */
  public LaneRoutes(BlockingMemory memory, @Nullable DurableLanes lanes, int mostWaits, Audit audit) {
    this.memory = memory;
    this.lanes = lanes;
    this.polls = new LongPolls(mostWaits);
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.get("/api/v1/lanes", Role.READ, this::list);
    routes.post("/api/v1/lanes/{lane}/tasks", Role.WRITE, this::submit);
    routes.post("/api/v1/lanes/{lane}/claims", Role.WRITE, this::claim, "wait", "lease");
    routes.get("/api/v1/tasks/{id}", Role.READ, this::task, "wait");
    routes.delete("/api/v1/tasks/{id}", Role.WRITE, this::cancel);
    routes.post("/api/v1/claims/{id}/renew", Role.WRITE, this::renew, "lease");
    routes.post("/api/v1/claims/{id}/complete", Role.WRITE, this::complete);
    routes.post("/api/v1/claims/{id}/fail", Role.WRITE, this::fail);
    routes.get("/api/v1/dead-letters", Role.READ, this::deadLetters, "limit");
    routes.postNothing("/api/v1/dead-letters/{id}/replay", Role.ADMIN, this::replay);
    routes.delete("/api/v1/dead-letters/{id}", Role.ADMIN, this::drop);
  }

  private void requireEverything(Exchange exchange) {
    new MemoryAccess(memory, exchange.caller()).requireEverything();
  }

  private DurableLanes lanes(Exchange exchange) {
    requireEverything(exchange);
    DurableLanes known = lanes;
    if (known == null) {
      throw new ProblemException(Problem.notFound("this server has no lanes"));
    }
    return known;
  }

  /** The lane of the path. */
  private static String lane(Exchange exchange, DurableLanes known) {
    String lane = exchange.path("lane");
    if (!known.hasLane(lane)) {
      throw new ProblemException(Problem.notFound("there is no such lane; GET /api/v1/lanes lists those there are"));
    }
    return lane;
  }

  private static UUID id(Exchange exchange, String what) {
    try {
      return UUID.fromString(exchange.path("id"));
    } catch (IllegalArgumentException e) {
      throw absent(what);
    }
  }

  private static ProblemException absent(String what) {
    return new ProblemException(Problem.notFound("there is no such " + what + ", or it is no longer kept"));
  }

  private static Duration wait(Exchange exchange, @Nullable Integer inBody) {
    return Duration.ofSeconds(exchange.number("wait", inBody, 0, 0, LONGEST_WAIT));
  }

  private static Duration lease(Exchange exchange, @Nullable Integer inBody) {
    return Duration.ofSeconds(exchange.number("lease", inBody, USUAL_LEASE, 1, LONGEST_LEASE));
  }

  // Lanes and tasks

  private void list(Exchange exchange) {
    requireEverything(exchange);
    exchange.respond(200, Map.of("lanes", lanes == null ? List.of() : lanes.stats()));
  }

  private void submit(Exchange exchange) throws IOException {
    DurableLanes known = lanes(exchange);
    String lane = lane(exchange, known);
    TaskBody body = exchange.body(TaskBody.class);
    switch (known.submit(lane, body.toTask(exchange.header("Idempotency-Key")))) {
      case Submission.Accepted(LaneTask task) ->
        exchange.header("Location", "/api/v1/tasks/" + task.id()).respond(201, answer(task));
      case Submission.Duplicate(LaneTask task) ->
        exchange.header("Location", "/api/v1/tasks/" + task.id()).respond(200, answer(task));
      case Submission.KeyTaken(LaneTask task) -> throw new ProblemException(
          Problem.of(409, "key-taken", "The key belongs to another task",
              "another task was submitted under this key; give each task a key of its own").with("id", task.id()));
      case Submission.Full full -> throw new ProblemException(full(full));
    }
  }

  private static Problem full(Submission.Full full) {
    return Problem.of(429, "lane-full", "The lane is full", "the lane has " + full.bound()
        + " tasks waiting, and accepts no more; try again later").header("Retry-After", "1");
  }

  private void task(Exchange exchange) throws InterruptedException {
    DurableLanes known = lanes(exchange);
    UUID id = id(exchange, "task");
    Duration wait = wait(exchange, null);
    Optional<LaneTask> task = wait.isZero() ? known.task(id) : polls.interruptibly(() -> known.awaitEnd(id, wait));
    if (task == null) {
      // The server ends, and the client may ask again.
      task = known.task(id);
    }
    exchange.respond(200, answer(task.orElseThrow(() -> absent("task"))));
  }

  private void cancel(Exchange exchange) throws InterruptedException {
    LaneTask task = lanes(exchange).cancel(id(exchange, "task")).orElseThrow(() -> absent("task"));
    if (!task.state().isEnd()) {
      throw new ProblemException(Problem.of(409, "other-runner", "Another server runs the task",
          "another server on this database runs the task; cancel it there"));
    }
    exchange.respond(200, answer(task));
  }

  private static Map<String, Object> answer(LaneTask task) {
    return Map.of("task", describe(task));
  }

  private static Map<String, @Nullable Object> describe(LaneTask task) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("id", task.id());
    members.put("lane", task.lane());
    members.put("name", task.name());
    members.put("state", task.state().name().toLowerCase(Locale.ROOT));
    members.put("durable", task.durable());
    members.put("idempotent", task.idempotent());
    members.put("attempt", task.attempt());
    members.put("submittedAt", task.submittedAt());
    members.put("deadline", task.deadline());
    members.put("startedAt", task.startedAt());
    members.put("endedAt", task.endedAt());
    members.put("result", raw(task.result()));
    members.put("failures", task.failures());
    return members;
  }

  private static @Nullable RawValue raw(@Nullable String json) {
    return json == null ? null : new RawValue(json);
  }

  // Workers

  private void claim(Exchange exchange) throws IOException, InterruptedException {
    DurableLanes known = lanes(exchange);
    String lane = lane(exchange, known);
    ClaimBody given = exchange.bodyIfAny(ClaimBody.class);
    ClaimBody settings = given == null ? ClaimBody.NOTHING : given;
    Duration lease = lease(exchange, settings.lease);
    Duration wait = wait(exchange, settings.seconds);
    Peer worker = exchange.peer();
    Optional<TaskClaim> claim = wait.isZero()
        ? known.claim(lane, lease, wait)
        : polls.counted(() -> known.claim(lane, lease, wait, () -> !worker.isGone()));
    if (claim.isEmpty()) {
      exchange.respond(204);
    } else if (worker.isGone()) {
      known.release(claim.get().id());
      exchange.respond(204);
    } else {
      deliver(exchange, known, claim.get());
    }
  }

  /** Sends a claim at once. If that fails, the worker certainly has not got all of it, and the task waits again. */
  private static void deliver(Exchange exchange, DurableLanes known, TaskClaim claim) throws IOException {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("id", claim.id());
    members.put("task", claim.task());
    members.put("lane", claim.lane());
    members.put("name", claim.name());
    members.put("attempt", claim.attempt());
    members.put("lease", claim.lease());
    members.put("payload", new RawValue(claim.payload()));
    try {
      OutputStream output = exchange.stream(200, "application/json");
      output.write(exchange.json().write(Map.of("claim", members)));
      output.flush();
    } catch (IOException | RuntimeException | Error e) {
      known.release(claim.id());
      throw e;
    }
  }

  private void renew(Exchange exchange) throws IOException {
    DurableLanes known = lanes(exchange);
    RenewBody given = exchange.bodyIfAny(RenewBody.class);
    Duration lease = lease(exchange, given == null ? null : given.lease);
    if (!known.renew(exchange.path("id"), lease)) {
      throw over();
    }
    exchange.respond(204);
  }

  private void complete(Exchange exchange) throws IOException, InterruptedException {
    DurableLanes known = lanes(exchange);
    RawJson result = exchange.body(ResultBody.class).result();
    respond(exchange, known.complete(exchange.path("id"), result == null ? "null" : result.text()));
  }

  private void fail(Exchange exchange) throws IOException, InterruptedException {
    DurableLanes known = lanes(exchange);
    String failure = exchange.body(FailureBody.class).failure();
    respond(exchange,
        known.fail(exchange.path("id"), failure == null || failure.isBlank() ? "the worker gave no reason" : failure));
  }

  private static void respond(Exchange exchange, Report report) {
    switch (report) {
      case Report.Recorded(LaneTask task) -> exchange.respond(200, answer(task));
      case Report.ClaimOver over -> throw over();
    }
  }

  private static ProblemException over() {
    return new ProblemException(Problem.of(410, "claim-over", "The claim is over",
        "its lease has ended, or the task was cancelled or reported otherwise; stop working on it"));
  }

  // Dead letters

  private void deadLetters(Exchange exchange) {
    requireEverything(exchange);
    int limit = exchange.number("limit", 100, 1, MOST_LETTERS);
    List<DeadTask> letters = lanes == null ? List.of() : lanes.deadLetters(limit);
    exchange.respond(200, Map.of("deadLetters", letters));
  }

  private void replay(Exchange exchange) throws IOException {
    UUID id = id(exchange, "dead letter");
    DurableLanes known = lanes(exchange);
    exchange.respond(200, audit.act(exchange, Action.REPLAY_DEAD_LETTER, AuditLog.values("deadLetter", id),
        () -> Map.of("id", replayed(known.replay(id))), answer -> Map.of()));
  }

  private static UUID replayed(Replay result) {
    return switch (result) {
      case Replay.Replayed(UUID task) -> task;
      case Replay.Unknown unknown -> throw absent("dead letter");
      case Replay.NotReplayable gone -> throw new ProblemException(Problem.of(409, "not-replayable",
          "The task can't be run again",
          "the task was not durable, and the process that had it has ended; submit it anew, and drop the dead letter"));
      case Replay.Refused(String reason) -> throw new ProblemException(Problem.unavailable(reason));
    };
  }

  private void drop(Exchange exchange) throws IOException {
    UUID id = id(exchange, "dead letter");
    DurableLanes known = lanes(exchange);
    boolean dropped = audit.act(exchange, Action.DROP_DEAD_LETTER, AuditLog.values("deadLetter", id),
        () -> known.drop(id), there -> AuditLog.values("dropped", there ? 1 : 0));
    if (!dropped) {
      throw absent("dead letter");
    }
    exchange.respond(204);
  }

  /** Ends the requests that wait. */
  @Override
  public void close() {
    polls.close();
    if (lanes != null) {
      lanes.endWaits();
    }
  }
}
