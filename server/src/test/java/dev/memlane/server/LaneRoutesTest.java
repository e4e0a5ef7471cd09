package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.lanes.Lane;
import dev.memlane.model.Scope;
import dev.memlane.server.TestClient.Answer;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.storage.tasks.TaskClaim;
import dev.memlane.testing.ManualScheduler;
import dev.memlane.testing.TestServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Lanes over HTTP: tasks, the workers that do them, and dead letters. Each test has a lane of its own. */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneRoutesTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final List<String> LANES = List.of("build", "poll", "gone", "dead", "dead-memory", "keys", "roles",
      "cancel", "numbers", "closing", "idle", "most", "settings", "left");

  @TempDir
  static Path directory;

  private static final ManualScheduler TIME = new ManualScheduler();
  private static Database database;
  private static DurableLanes lanes;
  private static ServerStage stage;
  private static TestClient client;

  @BeforeAll
  static void start() {
    database = Database.builder(TestServer.freshDatabase(TABLES)).poolSize(8).open();
    var builder = DurableLanes.builder(database).handler("double", work -> "[" + work.payload() + ", " + work.payload()
        + "]").lane(Lane.of("memory")).durableLane(Lane.of("full").concurrency(1).queueBound(1))
        .executor(executor -> executor.scheduler(TIME).nanoTime(TIME::nanoTime));
    LANES.forEach(name -> builder.durableLane(Lane.of(name).firstPause(Duration.ofMillis(1))));
    lanes = builder.open();
    stage = new ServerStage(directory, settings -> settings.lanes(lanes)
        .auditLog(AuditLog.in(directory.resolve(AuditLog.NAME))));
    client = stage.client().withKey(stage.keys().create("all", Role.ADMIN, new Grant.Everything(), null));
  }

  @AfterAll
  static void stop() {
    stage.close();
    lanes.close();
    database.close();
  }

  private static Answer submit(String lane, String body) {
    return client.post("/api/v1/lanes/" + lane + "/tasks", body);
  }

  private static String submitted(String lane, String name) {
    Answer answer = submit(lane, object("name", name, "payload", Map.of("of", name)));
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return answer.json().path("task").path("id").textValue();
  }

  private static JsonNode claimed(String lane) {
    Answer answer = client.post("/api/v1/lanes/" + lane + "/claims", null);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().path("claim");
  }

  private static Answer report(JsonNode claim, String how, String body) {
    return client.post("/api/v1/claims/" + claim.path("id").textValue() + "/" + how, body);
  }

  private static String state(String task) {
    return client.get("/api/v1/tasks/" + task).json().path("task").path("state").textValue();
  }

  private static void assertProblem(Answer answer, int status, String type) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.json().path("type").textValue()).isEqualTo("urn:memlane:problem:" + type);
  }

  @Test
  void worker_claimsRenewsAndCompletes() {
    Answer answer = submit("build", object("name", "shell", "payload", Map.of("command", "make"), "within", "PT1H"));
    assertThat(answer.status()).isEqualTo(201);
    String location = answer.header("Location");
    assertThat(client.get(location).json().path("task").path("state").textValue()).isEqualTo("waiting");

    JsonNode claim = claimed("build");

    assertThat(claim.path("name").textValue()).isEqualTo("shell");
    assertThat(claim.path("payload").path("command").textValue()).isEqualTo("make");
    assertThat(claim.path("lease").textValue()).isEqualTo("PT30S");
    assertThat(client.post("/api/v1/lanes/build/claims", null).status()).isEqualTo(204);
    assertThat(client.post("/api/v1/claims/" + claim.path("id").textValue() + "/renew?lease=50", null).status())
        .isEqualTo(204);
    JsonNode done = report(claim, "complete", "{\"result\": {\"exit\": 0}}").json().path("task");
    assertThat(done.path("state").textValue()).isEqualTo("done");
    assertThat(done.path("result").path("exit").intValue()).isZero();
    assertThat(client.get(location + "?wait=60").json().path("task")).isEqualTo(done);
    assertThat(report(claim, "complete", "{\"result\": {\"exit\": 0}}").status()).as("reported again").isEqualTo(200);
    assertProblem(report(claim, "fail", "{}"), 410, "claim-over");
    assertProblem(report(claim, "renew", ""), 410, "claim-over");
    JsonNode stats = client.get("/api/v1/lanes").json().path("lanes");
    assertThat(stats).anySatisfy(lane -> {
      assertThat(lane.path("lane").textValue()).isEqualTo("build");
      assertThat(lane.path("completed").intValue()).isEqualTo(1);
      assertThat(lane.path("waitP50").textValue()).startsWith("PT");
    });
  }

  @Test
  void payloadAndResult_keepTheirNumbers() {
    String odd = "{\"a\":1.10,\"b\":123456789012345678901234567890,\"c\":1e400,\"d\":[null,true,\"\\u0000é\"],\"e\":{}}";
    submit("numbers", "{\"name\": \"numbers\", \"payload\": " + odd + "}");
    Answer claim = client.post("/api/v1/lanes/numbers/claims", null);
    assertThat(claim.text()).contains("\"payload\":" + odd);

    assertThat(report(claim.json().path("claim"), "complete", "{\"result\": " + odd + "}").text())
        .contains("\"result\":" + odd);

    submit("numbers", "{\"name\": \"nothing\"}");
    assertThat(client.post("/api/v1/lanes/numbers/claims", null).text()).contains("\"payload\":null");
  }

  @Test
  void handler_doesItsTasks_andTheCallerWaitsForTheEnd() {
    String task = submit("memory", "{\"name\": \"double\", \"payload\": 7}").json().path("task").path("id").textValue();

    JsonNode end = client.get("/api/v1/tasks/" + task + "?wait=60").json().path("task");

    assertThat(end.path("state").textValue()).isEqualTo("done");
    assertThat(end.path("result").toString()).isEqualTo("[7,7]");
  }

  @Test
  void claim_waits_untilThereIsATask() throws Exception {
    CompletableFuture<Answer> waiting = CompletableFuture
        .supplyAsync(() -> client.post("/api/v1/lanes/poll/claims?wait=60", null));

    String task = submitted("poll", "later");

    JsonNode claim = waiting.get(60, TimeUnit.SECONDS).json().path("claim");
    assertThat(claim.path("task").textValue()).isEqualTo(task);
  }

  @Tag("slow")
  @Test
  void wait_longerThanAConnectionMayBeSilent_isAnswered(@TempDir Path folder) {
    try (ServerStage impatient = new ServerStage(folder,
        settings -> settings.lanes(lanes).limits(ServerLimits.DEFAULT.withIdle(Duration.ofMillis(500))))) {
      assertThat(impatient.client().post("/api/v1/lanes/idle/claims?wait=2", null).status()).isEqualTo(204);
    }
  }

  @Test
  void clientThatGoesAway_losesNoTask() throws IOException {
    String task = submit("gone", object("name", "gone", "idempotent", true)).json().path("task").path("id").textValue();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stage.server().port())) {
      socket.setSoLinger(true, 0);
      socket.getOutputStream().write(("POST /api/v1/lanes/gone/claims HTTP/1.1\r\nHost: localhost\r\nX-API-Key: "
          + stage.keys().create("gone", Role.WRITE, new Grant.Everything(), null) + "\r\nContent-Length: 0\r\n\r\n")
          .getBytes(StandardCharsets.US_ASCII));
      // It goes when its claim is on the way, without reading it.
      while (!state(task).equals("running") && lanes.stats().stream().noneMatch(lane -> lane.lane().equals("gone")
          && lane.running() + lane.retries() > 0)) {
        Thread.onSpinWait();
      }
    }
    TIME.pass(Duration.ofSeconds(30));
    TIME.pass(Duration.ofSeconds(1));

    assertThat(claimed("gone").path("task").textValue()).isEqualTo(task);
  }

  /** A worker that asks for a task, and is gone before there is one. */
  private static void askAndGo(String lane) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stage.server().port())) {
      String key = stage.keys().create(lane + UUID.randomUUID(), Role.WRITE, new Grant.Everything(), null);
      socket.getOutputStream().write(("POST /api/v1/lanes/" + lane + "/claims?wait=60 HTTP/1.1\r\nHost: localhost\r\n"
          + "X-API-Key: " + key + "\r\nContent-Length: 0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    }
  }

  @Test
  void workerThatIsGoneBeforeThereIsATask_getsNone() throws Exception {
    for (int i = 0; i < 3; i++) {
      askAndGo("left");
    }
    CompletableFuture<Answer> other = CompletableFuture
        .supplyAsync(() -> client.post("/api/v1/lanes/left/claims?wait=60", null));

    String task = submitted("left", "once");

    JsonNode claim = other.get(60, TimeUnit.SECONDS).json().path("claim");
    assertThat(claim.path("task").textValue()).isEqualTo(task);
    assertThat(claim.path("attempt").intValue()).isEqualTo(1);
  }

  @Test
  void requestBehindAClaimThatWaits_isAnswered() throws IOException {
    submitted("left", "first");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stage.server().port())) {
      String head = " HTTP/1.1\r\nHost: localhost\r\nX-API-Key: "
          + stage.keys().create("behind", Role.WRITE, new Grant.Everything(), null) + "\r\nContent-Length: 0\r\n";
      OutputStream output = socket.getOutputStream();
      output.write(("POST /api/v1/lanes/left/claims?wait=60" + head + "\r\n").getBytes(StandardCharsets.US_ASCII));
      BufferedReader input = new BufferedReader(
          new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      assertThat(input.readLine()).startsWith("HTTP/1.1 200");
      // Now the connection waits, and is asked whether its client is there, with the next request behind.
      output.write(("POST /api/v1/lanes/left/claims?wait=60" + head + "\r\nGET /health/live" + head
          + "Connection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      submitted("left", "second");
      String rest = input.lines().collect(Collectors.joining("\n"));

      assertThat(rest).contains("second").containsSubsequence("HTTP/1.1 200", "HTTP/1.1 200", "live");
    }
  }

  @Test
  void settings_areInTheQueryOrInTheBody_andMisspeltOnesAreRefused() {
    submitted("settings", "one");

    for (String body : List.of("{\"leese\": 50}", "{\"wait\": 61}", "{\"lease\": 0}", "{\"lease\": \"50\"}",
        "{\"lease\": 1.5}", "[]", "x")) {
      assertProblem(client.post("/api/v1/lanes/settings/claims", body), 400, "invalid-input");
      assertProblem(client.post("/api/v1/claims/x/renew", body), 400, "invalid-input");
    }
    assertProblem(client.post("/api/v1/lanes/settings/claims?lease=50", "{\"lease\": 50}"), 400, "invalid-input");
    JsonNode claim = client.post("/api/v1/lanes/settings/claims", "{\"lease\": 50, \"wait\": 0}").json().path("claim");

    assertThat(claim.path("lease").textValue()).isEqualTo("PT50S");
    assertThat(report(claim, "renew", "{\"lease\": 40}").status()).isEqualTo(204);
  }

  @Tag("slow")
  @Test
  void waits_areLimited_andEndWithTheServer(@TempDir Path folder) throws Exception {
    DurableLanes own = DurableLanes.builder(database).runner("closing").durableLane(Lane.of("closing")).open();
    ServerStage other = new ServerStage(folder,
        settings -> settings.lanes(own).limits(ServerLimits.DEFAULT.withMostStreams(1)));
    try (own) {
      String task = other.client().post("/api/v1/lanes/closing/tasks", "{\"name\": \"x\"}").json().path("task")
          .path("id").textValue();
      Supplier<Answer> longest = () -> other.client().get("/api/v1/tasks/" + task + "?wait=60");
      CompletableFuture<Answer> first = CompletableFuture.supplyAsync(longest);
      Answer second = other.client().get("/api/v1/tasks/" + task + "?wait=1");
      while (second.status() == 200) {
        // The other one does not wait yet, or was refused because of this one.
        first = first.isDone() ? CompletableFuture.supplyAsync(longest) : first;
        second = other.client().get("/api/v1/tasks/" + task + "?wait=1");
      }
      assertProblem(second, 503, "unavailable");
      assertThat(second.header("Retry-After")).isNotEmpty();

      other.close();

      assertThat(first.get(60, TimeUnit.SECONDS).json().path("task").path("state").textValue()).isEqualTo("waiting");
    }
  }

  @Tag("slow")
  @Test
  void claims_thatWait_endWithTheServer(@TempDir Path folder) throws Exception {
    DurableLanes own = DurableLanes.builder(database).runner("ending").durableLane(Lane.of("closing")).open();
    ServerStage other = new ServerStage(folder, settings -> settings.lanes(own));
    try (own) {
      CompletableFuture<Answer> waiting = CompletableFuture
          .supplyAsync(() -> other.client().post("/api/v1/lanes/closing/claims?wait=60", null));
      // The request has been accepted when a task is delivered to it.
      String task = other.client().post("/api/v1/lanes/closing/tasks", "{\"name\": \"x\"}").json().path("task")
          .path("id").textValue();
      assertThat(waiting.get(60, TimeUnit.SECONDS).json().path("claim").path("task").textValue()).isEqualTo(task);
      CompletableFuture<Optional<TaskClaim>> again = CompletableFuture.supplyAsync(() -> {
        try {
          return own.claim("closing", Duration.ofSeconds(30), Duration.ofSeconds(60));
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      });
      // It ends the waits that there are, so it is closed until this one was among them.
      while (!again.isDone()) {
        own.endWaits();
      }

      assertThat(again.get(60, TimeUnit.SECONDS)).isEmpty();
      other.close();
    }
  }

  @Test
  void fullLane_answers429() {
    submitted("full", "runs");
    claimed("full");
    submitted("full", "waits");

    Answer refused = submit("full", "{\"name\": \"too many\"}");

    assertProblem(refused, 429, "lane-full");
    assertThat(refused.header("Retry-After")).isEqualTo("1");
  }

  @Test
  void key_findsTheTask() {
    String first = submit("keys", "{\"name\": \"once\", \"key\": \"k\"}").json().path("task").path("id").textValue();

    Answer again = client.post("/api/v1/lanes/keys/tasks", "{\"name\": \"once\"}", "Idempotency-Key", "k");

    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().path("task").path("id").textValue()).isEqualTo(first);
    assertProblem(submit("keys", "{\"name\": \"other\", \"key\": \"k\"}"), 409, "key-taken");
    assertProblem(submit("memory", "{\"name\": \"other\", \"key\": \"k\"}"), 400, "invalid-input");
  }

  @Test
  void cancel_endsATask() {
    String task = submitted("cancel", "unwanted");
    JsonNode claim = claimed("cancel");

    assertThat(client.delete("/api/v1/tasks/" + task).json().path("task").path("state").textValue())
        .isEqualTo("cancelled");

    assertProblem(report(claim, "complete", "{\"result\": 1}"), 410, "claim-over");
    assertThat(state(task)).isEqualTo("cancelled");
  }

  @Test
  void deadLetters_areListedReplayedAndDropped() throws IOException {
    String task = submitted("dead", "fails");
    JsonNode failed = report(claimed("dead"), "fail", "{\"failure\": \"no <b>paper</b>\"}").json().path("task");
    assertThat(failed.path("state").textValue()).isEqualTo("failed");
    JsonNode letter = client.get("/api/v1/dead-letters?limit=1000").json().path("deadLetters").valueStream()
        .filter(one -> one.path("id").textValue().equals(task)).findFirst().orElseThrow();
    assertThat(letter.path("failures").path(0).textValue()).isEqualTo("no <b>paper</b>");
    assertThat(letter.path("replayable").booleanValue()).isTrue();

    assertThat(client.post("/api/v1/dead-letters/" + task + "/replay", "{}").status()).isEqualTo(200);

    assertThat(state(task)).isEqualTo("waiting");
    report(claimed("dead"), "fail", "{}");
    assertThat(client.delete("/api/v1/dead-letters/" + task).status()).isEqualTo(204);
    assertProblem(client.delete("/api/v1/dead-letters/" + task), 404, "not-found");
    assertProblem(client.post("/api/v1/dead-letters/" + task + "/replay", "{}"), 404, "not-found");
    List<String> acts = Files.readAllLines(directory.resolve(AuditLog.NAME)).stream().map(TestClient::parse)
        .filter(line -> line.path("target").path("deadLetter").textValue().equals(task))
        .filter(line -> line.has("outcome"))
        .map(line -> line.path("action").textValue() + " " + line.path("outcome").textValue()).toList();
    assertThat(acts).containsExactly("replay-dead-letter done", "drop-dead-letter done", "drop-dead-letter done",
        "replay-dead-letter failed");
  }

  @Test
  void roles_andGrants_areChecked() {
    String task = submitted("roles", "secret");
    TestClient reader = client.withKey(stage.keys().create("reader", Role.READ, new Grant.Everything(), null));
    TestClient writer = client.withKey(stage.keys().create("writer", Role.WRITE, new Grant.Everything(), null));
    TestClient bound = client
        .withKey(stage.keys().create("bound", Role.ADMIN, new Grant.Scopes(List.of(Scope.user("ada"))), null));

    assertThat(reader.get("/api/v1/lanes").status()).isEqualTo(200);
    assertThat(reader.get("/api/v1/tasks/" + task).status()).isEqualTo(200);
    for (String path : List.of("/api/v1/lanes/roles/tasks", "/api/v1/lanes/roles/claims", "/api/v1/claims/x/renew",
        "/api/v1/claims/x/complete", "/api/v1/claims/x/fail")) {
      assertThat(reader.post(path, "{\"name\": \"x\"}").status()).as(path).isEqualTo(403);
      assertThat(bound.post(path, "{\"name\": \"x\"}").status()).as(path).isEqualTo(403);
    }
    assertThat(reader.delete("/api/v1/tasks/" + task).status()).isEqualTo(403);
    for (String path : List.of("/api/v1/lanes", "/api/v1/tasks/" + task, "/api/v1/dead-letters")) {
      assertThat(bound.get(path).status()).as(path).isEqualTo(403);
    }
    String letter = "/api/v1/dead-letters/" + task;
    assertThat(writer.post(letter + "/replay", "{}").status()).isEqualTo(403);
    assertThat(writer.delete(letter).status()).isEqualTo(403);
    assertThat(bound.post(letter + "/replay", "{}").status()).isEqualTo(403);
    assertThat(bound.delete(letter).status()).isEqualTo(403);
    assertThat(bound.delete("/api/v1/tasks/" + task).status()).isEqualTo(403);
    assertThat(writer.post("/api/v1/lanes/roles/claims", null).json().path("claim").path("task").textValue())
        .isEqualTo(task);
  }

  @Test
  void badRequests_areProblems() {
    String none = UUID.randomUUID().toString();
    for (String path : List.of("/api/v1/tasks/" + none, "/api/v1/tasks/x")) {
      assertProblem(client.get(path), 404, "not-found");
      assertProblem(client.delete(path), 404, "not-found");
    }
    assertProblem(client.post("/api/v1/lanes/none/claims", null), 404, "not-found");
    assertProblem(submit("none", "{\"name\": \"x\"}"), 404, "not-found");
    for (String body : List.of("", "{}", "[]", "{\"name\": \"\"}", "{\"name\": 1}", "{\"name\": \"x\", \"odd\": 1}",
        "{\"name\": \"x\", \"within\": \"soon\"}", "{\"name\": \"x\", \"within\": \"PT0S\"}",
        "{\"name\": \"x\", \"payload\": {", "{\"name\": \"x\", \"payload\": \"\\ud800\"}",
        "{\"name\": \"x\", \"payload\": \"" + "x".repeat(1_000_000) + "\"}",
        "{\"name\": \"x\", \"payload\": " + "[".repeat(200) + "]".repeat(200) + "}")) {
      assertProblem(submit("build", body), 400, "invalid-input");
    }
    for (String query : List.of("wait=61", "wait=-1", "wait=x", "lease=0", "odd=1")) {
      assertProblem(client.post("/api/v1/lanes/build/claims?" + query, null), 400, "invalid-input");
    }
    for (String claim : List.of("x", none, none + ".1", none + ".")) {
      assertProblem(client.post("/api/v1/claims/" + claim + "/complete", "{\"result\": 1}"), 410, "claim-over");
    }
    assertProblem(client.post("/api/v1/claims/x/complete", "{\"result\": \"" + "x".repeat(1_000_000) + "\"}"), 400,
        "invalid-input");
  }

  @Test
  void serverWithoutLanes_saysSo(@TempDir Path folder) {
    try (ServerStage bare = new ServerStage(folder, settings -> settings)) {
      assertThat(bare.client().get("/api/v1/lanes").json().path("lanes")).isEmpty();
      assertThat(bare.client().get("/api/v1/dead-letters").json().path("deadLetters")).isEmpty();
      assertProblem(bare.client().post("/api/v1/lanes/build/claims", null), 404, "not-found");
    }
  }
}
