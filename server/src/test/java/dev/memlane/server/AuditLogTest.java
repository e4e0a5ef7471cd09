package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.AuditLog.Actor;
import dev.memlane.server.TestClient.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class AuditLogTest {

  private static final String CONTENT = "Ada plays the oboe in secret";

  @TempDir
  static Path shared;

  @TempDir
  Path directory;

  private static ServerStage stage;
  private static TestClient admin;
  private static TestClient writer;
  private static final Map<String, String> KEYS = new ConcurrentHashMap<>();

  @BeforeAll
  static void start() {
    stage = new ServerStage(shared, settings -> settings.auditLog(AuditLog.in(log())));
    for (Role role : Role.values()) {
      KEYS.put(role.name(), stage.keys().create(role.name(), role, new Grant.Everything(), null));
    }
    admin = stage.client().withKey(KEYS.get("ADMIN"));
    writer = stage.client().withKey(KEYS.get("WRITE"));
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @BeforeEach
  void begin() throws IOException {
    Files.deleteIfExists(log());
  }

  private static Path log() {
    return shared.resolve(AuditLog.NAME);
  }

  private static List<JsonNode> lines(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(TestClient::parse).toList();
  }

  private static String add(String user) {
    Answer added = writer.post("/api/v1/memories",
        object("content", CONTENT, "scope", Map.of("user", user), "metadata", Map.of("topic", "private-topic")));
    assertThat(added.status()).as(added.text()).isEqualTo(201);
    return added.json().path("memory").path("id").textValue();
  }

  private static JsonNode onlyAct(String action, String outcome) throws IOException {
    List<JsonNode> lines = lines(log());
    assertThat(lines).hasSize(2).allSatisfy(line -> {
      assertThat(line.path("action").textValue()).isEqualTo(action);
      assertThat(line.path("at").textValue()).matches("20\\d\\d-.*Z");
      assertThat(line.path("by").path("address").textValue()).isEqualTo("127.0.0.1");
    });
    assertThat(lines.getFirst().path("phase").textValue()).isEqualTo("begun");
    assertThat(lines.getLast().path("phase").textValue()).isEqualTo("ended");
    assertThat(lines.getLast().path("outcome").textValue()).isEqualTo(outcome);
    assertThat(lines.getLast().path("act")).isEqualTo(lines.getFirst().path("act"));
    String text = Files.readString(log());
    assertThat(text).doesNotContain(CONTENT, "private-topic", "mlk_");
    KEYS.values().forEach(key -> assertThat(text).doesNotContain(key.substring(key.lastIndexOf('_'))));
    return lines.getLast();
  }

  @Test
  void erasureOfAScope_isLogged() throws IOException {
    add("erased \"user\"\n{");

    assertThat(admin.delete("/api/v1/scopes?user=erased%20%22user%22%0A%7B").status()).isEqualTo(200);

    JsonNode act = onlyAct("erase", "done");
    assertThat(act.path("by").path("entrance").textValue()).isEqualTo("key");
    assertThat(act.path("by").path("name").textValue()).isEqualTo("ADMIN");
    assertThat(KEYS.get("ADMIN")).contains(act.path("by").path("key").textValue());
    assertThat(act.path("target").path("scope").path("user").textValue()).isEqualTo("erased \"user\"\n{");
    assertThat(act.path("counts").path("purged").intValue()).isEqualTo(1);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log()))).isEqualTo("rw-------");
  }

  @Test
  void deletionByFilter_isLoggedWithoutTheFilter() throws IOException {
    add("filtered");

    Answer deleted = writer.post("/api/v1/memories/delete", object("scope", Map.of("user", "filtered"), "filter",
        Map.of("is", "equal", "key", "topic", "value", "private-topic")));

    assertThat(deleted.status()).as(deleted.text()).isEqualTo(200);
    JsonNode act = onlyAct("delete", "done");
    assertThat(act.path("counts").path("deleted").intValue()).isEqualTo(1);
    assertThat(act.path("target").path("filtered").booleanValue()).isTrue();
    assertThat(act.path("by").path("name").textValue()).isEqualTo("WRITE");
  }

  @Test
  void erasureOfAMemory_isLogged_andItsDeletionIsNot() throws IOException {
    String id = add("ada");

    assertThat(writer.delete("/api/v1/memories/" + id + "?purge=true").status()).isEqualTo(200);
    assertThat(onlyAct("erase", "done").path("target").path("memory").textValue()).isEqualTo(id);
    assertThat(writer.delete("/api/v1/memories/" + add("ada")).status()).isEqualTo(200);
    assertThat(lines(log())).hasSize(2);
  }

  @Test
  void exportImportAndVerify_areLogged() throws IOException {
    add("archived");

    Answer exported = admin.get("/api/v1/export?user=archived");
    assertThat(exported.status()).isEqualTo(200);
    assertThat(onlyAct("export", "done").path("counts").path("memories").intValue()).isEqualTo(1);
    begin();
    assertThat(admin.post("/api/v1/import", exported.text(), "Content-Type", "application/jsonl").status())
        .isEqualTo(200);
    assertThat(onlyAct("import", "done").path("counts").path("read").intValue()).isPositive();
    begin();
    assertThat(admin.post("/api/v1/verify?repair=true", null).status()).isEqualTo(200);
    assertThat(onlyAct("verify", "done").path("target").path("repair").booleanValue()).isTrue();
  }

  @Test
  void deletionByMem0sRoutes_isLogged() throws IOException {
    add("mem0");

    assertThat(writer.delete("/v1/memories/?user_id=mem0").status()).isEqualTo(200);
    assertThat(onlyAct("delete", "done").path("target").path("scope").path("user").textValue()).isEqualTo("mem0");
    begin();
    assertThat(admin.delete("/v2/entities/user/mem0/").status()).isEqualTo(200);
    assertThat(onlyAct("erase", "done").path("target").path("scope").path("user").textValue()).isEqualTo("mem0");
  }

  @Test
  void actOfASession_namesItAsOne() throws IOException {
    Answer begun = stage.client().post("/api/v1/session", object("key", KEYS.get("ADMIN")));

    assertThat(stage.client().delete("/api/v1/conversations?user=ada&run=oboe", "Cookie",
        begun.header("Set-Cookie").split(";", 2)[0], "X-Memlane-Csrf", begun.json().path("csrf").textValue()).status())
        .isEqualTo(200);

    assertThat(onlyAct("delete-conversation", "done").path("by").path("entrance").textValue()).isEqualTo("session");
  }

  @Test
  void actThatFails_isLoggedAsFailed() throws IOException {
    assertThat(admin.post("/api/v1/import", "no archive", "Content-Type", "application/jsonl").status())
        .isEqualTo(400);

    assertThat(onlyAct("import", "failed").path("error").textValue()).isEqualTo("ArchiveException");
  }

  @Test
  void actThatIsNotAllowed_isNoAct() {
    assertThat(writer.delete("/api/v1/scopes?user=ada").status()).isEqualTo(403);

    assertThat(log()).doesNotExist();
  }

  @Test
  void act_withoutALog_isRefused() throws IOException {
    String id = add("kept");
    // A directory in the place of the file can't be written by any user.
    Files.createDirectory(log());

    Answer refused = writer.delete("/api/v1/memories/" + id + "?purge=true");

    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.json().path("detail").textValue())
        .startsWith("the audit log can't be written, so nothing was done").doesNotContain(shared.toString());
    assertThat(writer.get("/api/v1/memories/" + id).status()).isEqualTo(200);
  }

  @Test
  void act_whoseEndCannotBeLogged_saysThatItWasDone() throws IOException {
    Path file = directory.resolve("audit.jsonl");
    AuditLog log = AuditLog.in(file);

    assertThatThrownBy(() -> log.act(Actor.command(), Action.VERIFY, Map.of(), () -> {
      Files.delete(file);
      return Files.createDirectory(file);
    }, done -> Map.of())).isInstanceOf(StoreException.class).hasMessageStartingWith("it was done");
  }

  @Test
  void line_afterAHalfWrittenOne_beginsANewLine() throws IOException {
    Path file = Files.writeString(directory.resolve("audit.jsonl"), "{\"at\":\"2026-");
    AuditLog log = AuditLog.in(file);

    log.act(Actor.command(), Action.CREATE_KEY, AuditLog.values("key", "assistant"), () -> true, done -> Map.of());

    assertThat(Files.readAllLines(file)).hasSize(3).first().isEqualTo("{\"at\":\"2026-");
    assertThat(lines(Files.writeString(file, String.join("\n", Files.readAllLines(file).subList(1, 3)))))
        .allSatisfy(line -> assertThat(line.path("by").path("entrance").textValue()).isEqualTo("command"));
  }

  @Test
  void files_areBounded() throws IOException {
    Path file = directory.resolve("audit.jsonl");
    AuditLog log = AuditLog.in(file, 1_000, Clock.systemUTC());

    for (int i = 0; i < 60; i++) {
      log.act(Actor.command(), Action.ERASE, AuditLog.values("scope", Scope.user("user-" + i)), () -> true,
          done -> Map.of());
    }

    try (var all = Files.list(directory)) {
      assertThat(all.filter(each -> !each.toString().endsWith(".lock"))).hasSize(AuditLog.MOST_FILES)
          .allSatisfy(each -> {
            assertThat(Files.size(each)).isLessThanOrEqualTo(1_000);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each))).isEqualTo("rw-------");
            assertThat(lines(each)).isNotEmpty();
          });
    }
    assertThat(Files.readString(file)).contains("user-59");
  }

  @Test
  void threads_writeWholeLines() throws Exception {
    Path file = directory.resolve("audit.jsonl");
    AuditLog log = AuditLog.in(file);
    AtomicBoolean failed = new AtomicBoolean();
    List<Thread> threads = IntStream.range(0, 8).mapToObj(i -> Thread.ofVirtual().start(() -> {
      try {
        for (int j = 0; j < 5; j++) {
          log.act(Actor.command(), Action.VERIFY, Map.of(), () -> true, done -> Map.of());
        }
      } catch (IOException | RuntimeException e) {
        failed.set(true);
      }
    })).toList();
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(failed).isFalse();
    assertThat(lines(file)).hasSize(80);
    assertThat(Files.readString(file, StandardCharsets.UTF_8)).endsWith("\n");
  }

  @Test
  void failure_isPassedOn() throws IOException {
    Path file = Files.write(directory.resolve("audit.jsonl"), new byte[0], StandardOpenOption.CREATE);

    assertThatThrownBy(() -> AuditLog.in(file).act(Actor.command(), Action.REVOKE_KEY, Map.of(), () -> {
      throw new InvalidInputException(CONTENT);
    }, done -> Map.of())).isInstanceOf(InvalidInputException.class).hasMessage(CONTENT);
    assertThat(lines(file).getLast().path("error").textValue()).isEqualTo("InvalidInputException");
    assertThat(Files.readString(file)).doesNotContain(CONTENT);
  }
}
