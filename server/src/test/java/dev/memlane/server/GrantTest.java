package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.server.TestClient.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a key reaches, and what it doesn't. */
@Tag("programs")
class GrantTest {

  @TempDir
  static Path directory;

  private static ServerStage stage;
  private static TestClient admin;
  private static TestClient ada;
  private static TestClient reader;
  private static TestClient tenant;
  private static String bens;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings.metrics(() -> "up 1\n"));
    ApiKeys keys = stage.keys();
    admin = stage.client().withKey(keys.create("admin", Role.ADMIN, new Grant.Everything(), null));
    ada = stage.client().withKey(
        keys.create("ada", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada"))), Instant.now().plusSeconds(3600)));
    reader = stage.client().withKey(keys.create("reader", Role.READ, new Grant.Everything(), null));
    tenant = stage.client().withKey(keys.create("tenant", Role.ADMIN, new Grant.Users("t7/"), null));
    bens = admin.post("/api/v1/memories", object("content", "Ben's secret", "scope", Map.of("user", "ben")))
        .header("Location");
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @Test
  void request_withoutAKeyOrWithAWrongOne_isRefused_onceThereAreKeys() {
    Answer keyless = stage.client().get("/api/v1/memories");
    assertThat(keyless.status()).isEqualTo(401);
    assertThat(keyless.header("WWW-Authenticate")).startsWith("Bearer");
    assertThat(stage.client().withKey("mlk_0123456789abcdef_" + "0".repeat(64)).get("/api/v1/memories").status())
        .isEqualTo(401);
    assertThat(stage.client().get("/api/v1/memories", "Authorization", "Basic YTpi").status()).isEqualTo(401);
    assertThat(stage.client().get("/health/live").status()).isEqualTo(200);
    assertThat(stage.client().get("/health/ready").status()).isEqualTo(200);
  }

  @Test
  void key_isAcceptedInEachOfItsForms_untilItIsRevokedOrExpires() {
    String key = stage.keys().create("short", Role.READ, new Grant.Everything(), null);
    assertThat(stage.client().get("/api/v1/memories", "X-API-Key", key).status()).isEqualTo(200);
    assertThat(stage.client().get("/api/v1/memories", "Authorization", "Token " + key).status()).isEqualTo(200);

    assertThat(stage.keys().revoke("short")).isTrue();

    assertThat(stage.client().get("/api/v1/memories", "X-API-Key", key).status()).isEqualTo(401);
    String past = stage.keys().create("past", Role.READ, new Grant.Everything(), Instant.now().minusSeconds(1));
    assertThat(stage.client().get("/api/v1/memories", "X-API-Key", past).status()).isEqualTo(401);
  }

  @Test
  void reader_changesNothing() {
    assertThat(reader.get(bens).status()).isEqualTo(200);
    assertThat(reader.post("/api/v1/memories", object("content", "x", "scope", Map.of("user", "a"))).status())
        .isEqualTo(403);
    assertThat(reader.delete(bens).status()).isEqualTo(403);
    assertThat(reader.get("/api/v1/export").status()).isEqualTo(403);
  }

  @Test
  void boundKey_reachesItsScopeOnly() {
    Answer own = ada.post("/api/v1/memories", object("content", "Ada's own"));
    assertThat(own.status()).as("the scope may be left out").isEqualTo(201);
    assertThat(own.json().path("memory").path("scope").path("user").textValue()).isEqualTo("ada");
    assertThat(
        ada.post("/api/v1/memories", object("content", "x", "scope", Map.of("user", "ada", "run", "7"))).status())
        .as("a narrower scope").isEqualTo(201);
    String foreign = object("content", "x", "scope", Map.of("user", "ben"));
    assertThat(ada.post("/api/v1/memories", foreign).status()).isEqualTo(403);
    assertThat(ada.put("/api/v1/memories", object("content", "x", "key", "1", "scope", Map.of("run", "7"))).status())
        .isEqualTo(403);
    for (Answer answer : List.of(ada.get(bens), ada.patch(bens, "{\"content\": \"x\"}"), ada.delete(bens),
        ada.delete(bens + "?purge=true"), ada.get(bens + "/history"))) {
      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.text()).doesNotContain("secret");
    }
    assertThat(ada.post("/api/v1/memories/search", object("query", "secret", "everywhere", true)).status())
        .isEqualTo(403);
    assertThat(ada.post("/api/v1/memories/search",
        object("query", "secret", "scopes", List.of(Map.of("user", "ada"), Map.of("user", "ben")))).status())
        .isEqualTo(403);
    assertThat(ada.post("/api/v1/memories/search", object("query", "secret")).text()).doesNotContain("Ben's");
    assertThat(ada.get("/api/v1/memories").text()).contains("Ada's own").doesNotContain("Ben's");
    assertThat(ada.get("/api/v1/memories?user=ben").status()).isEqualTo(403);
    assertThat(ada.get("/api/v1/conversations?user=ben").status()).isEqualTo(403);
    assertThat(ada.get("/api/v1/status").status()).isEqualTo(403);
    assertThat(admin.get(bens).status()).isEqualTo(200);
  }

  @Test
  void tenantKey_reachesItsUsersOnly() {
    assertThat(tenant.post("/api/v1/memories", object("content", "x", "scope", Map.of("user", "t7/eve"))).status())
        .isEqualTo(201);
    assertThat(tenant.post("/api/v1/memories", object("content", "x", "scope", Map.of("user", "t70/eve"))).status())
        .isEqualTo(403);
    assertThat(tenant.post("/api/v1/memories", object("content", "x", "scope", Map.of("agent", "t7/eve"))).status())
        .isEqualTo(403);
    assertThat(tenant.get("/api/v1/memories").status()).as("no user is named").isEqualTo(400);
    assertThat(tenant.get("/api/v1/export").status()).isEqualTo(400);
    assertThat(tenant.post("/api/v1/import", "", "Content-Type", "application/jsonl").status()).isEqualTo(403);
    assertThat(tenant.post("/api/v1/verify", null).status()).isEqualTo(403);
    for (String path : List.of("/api/v1/status", "/api/v1/statistics", "/metrics", "/api/v1/metrics-summary",
        "/api/v1/embedding-endpoints")) {
      assertThat(tenant.get(path).status()).as(path).isEqualTo(403);
    }
    assertThat(tenant.delete("/api/v1/scopes?user=ben").status()).isEqualTo(403);
    assertThat(tenant.delete("/api/v1/scopes?user=t7/eve").status()).isEqualTo(200);
  }

  @Test
  void scopes_areListedAsFarAsTheKeyReaches() {
    for (String user : List.of("list/a", "list/b", "t7/list")) {
      admin.post("/api/v1/memories", object("content", "x", "scope", Map.of("user", user)));
    }

    Answer first = admin.get("/api/v1/scopes?prefix=list/&limit=1");

    assertThat(first.json().path("scopes").path(0).path("scope").path("user").textValue()).isEqualTo("list/a");
    assertThat(first.json().path("scopes").path(0).path("memories").intValue()).isEqualTo(1);
    Answer second = admin.get("/api/v1/scopes?prefix=list/&limit=1&cursor=" + first.json().path("next").textValue());
    assertThat(second.json().path("scopes").path(0).path("scope").path("user").textValue()).isEqualTo("list/b");
    assertThat(tenant.get("/api/v1/scopes").text()).contains("t7/list").doesNotContain("list/a");
    assertThat(tenant.get("/api/v1/scopes?prefix=li").status()).isEqualTo(403);
    assertThat(ada.get("/api/v1/scopes").text()).doesNotContain("list/a").doesNotContain("t7");
    assertThat(admin.get("/api/v1/scopes?cursor=x").status()).isEqualTo(400);
  }

  @Test
  void fateOfAWrite_isForItsOwnerOnly() {
    Answer own = ada.post("/api/v1/memories", object("content", "own", "key", "fate"));
    String ids = own.json().path("memory").path("id").textValue() + "/"
        + own.json().path("memory").path("op").textValue();
    assertThat(ada.get("/api/v1/operations/" + ids).text()).isEqualTo("{\"landed\":true}");
    assertThat(tenant.get("/api/v1/operations/" + ids).status()).isEqualTo(404);
    String unstored = MemoryId.derive(Scope.user("ben"), "1") + "/0198c5a2-7c1e-7a50-9d53-0242ac120002";
    assertThat(ada.get("/api/v1/operations/" + unstored).status()).as("an id that can be guessed").isEqualTo(404);
    assertThat(ada.get("/api/v1/operations/" + unstored + "?user=ben&key=1").status()).isEqualTo(403);
    String never = MemoryId.derive(Scope.user("ada"), "2") + "/0198c5a2-7c1e-7a50-9d53-0242ac120002";
    assertThat(ada.get("/api/v1/operations/" + never + "?user=ada&key=2").text()).isEqualTo("{\"landed\":false}");
  }

  @Test
  void deletedMemory_isReachedByItsOwnerOnly() {
    String path = ada.post("/api/v1/memories", object("content", "gone", "key", "gone")).header("Location");
    ada.delete(path);

    assertThat(ada.get(path + "/history").json().path("entries")).hasSize(2);
    assertThat(tenant.get(path + "/history").status()).isEqualTo(404);
    assertThat(ada.delete(path + "?purge=true").status()).isEqualTo(200);
  }

  @Test
  void server_beyondLoopback_needsKeys() {
    var builder = MemlaneServer.builder(stage.memory()).host("0.0.0.0").port(0)
        .keys(ApiKeys.in(directory.resolve("none.json")));

    assertThatThrownBy(builder::start).isInstanceOf(InvalidInputException.class).hasMessageContaining("key");
  }

  @Test
  void keyFile_isForItsOwnerOnly_andHoldsNoSecret(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("keys.json");
    ApiKeys keys = ApiKeys.in(file);

    String key = keys.create("one", Role.READ, new Grant.Everything(), null);

    assertThat(Files.readString(file)).contains("one").doesNotContain(key.substring(21));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(ApiKeys.in(file).find(key)).isPresent();
    assertThat(ApiKeys.in(file).find(key.substring(0, key.length() - 1) + "g")).isEmpty();
    assertThatThrownBy(() -> keys.create("one", Role.READ, new Grant.Everything(), null))
        .isInstanceOf(InvalidInputException.class);
    assertThat(keys.list()).hasSize(1).first()
        .hasToString("ApiKey[" + key.substring(4, 20) + ", one, READ, Everything[]]");
  }
}
