package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.server.TestClient.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Signing in by a browser, and what protects it. */
@Tag("programs")
class SessionRoutesTest {

  private static final String MEMORY = object("content", "Ada plays the oboe", "scope", Map.of("user", "ada"));

  @TempDir
  static Path directory;

  private static final AtomicReference<Instant> NOW = new AtomicReference<>(Instant.parse("2026-11-29T08:00:00Z"));

  private static ServerStage stage;
  private static TestClient client;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings.clock(NOW::get));
    stage.keys().create("another", Role.READ, new Grant.Everything(), null);
    client = stage.client();
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  private static String key(String name, Role role) {
    return stage.keys().create(name, role, new Grant.Everything(), null);
  }

  private static Answer signIn(String key) {
    return client.post("/api/v1/session", object("key", key));
  }

  private static String cookie(Answer answer) {
    return answer.header("Set-Cookie").split(";", 2)[0];
  }

  @Test
  void signIn_withAKey_allowsWhatTheKeyAllows() {
    Answer begun = signIn(key("writer", Role.WRITE));

    assertThat(begun.status()).isEqualTo(200);
    assertThat(begun.json().path("name").textValue()).isEqualTo("writer");
    assertThat(begun.json().path("role").textValue()).isEqualTo("write");
    assertThat(begun.header("Set-Cookie")).contains("HttpOnly", "SameSite=Strict", "Path=/").doesNotContain("mlk_");
    String token = begun.json().path("csrf").textValue();
    assertThat(client.get("/api/v1/session", "Cookie", cookie(begun)).json()).isEqualTo(begun.json());
    assertThat(client.get("/api/v1/memories", "Cookie", cookie(begun)).status()).isEqualTo(200);
    assertThat(client.post("/api/v1/memories", MEMORY, "Cookie", cookie(begun), "X-Memlane-Csrf", token).status())
        .isEqualTo(201);
    assertThat(client.get("/api/v1/status", "Cookie", cookie(begun)).status()).isEqualTo(403);
  }

  @Test
  void change_withoutTheToken_isRefused() {
    Answer begun = signIn(key("forged", Role.ADMIN));
    String others = signIn(key("others", Role.ADMIN)).json().path("csrf").textValue();

    for (String[] headers : List.of(new String[]{"Cookie", cookie(begun)},
        new String[]{"Cookie", cookie(begun), "X-Memlane-Csrf", others})) {
      assertThat(client.post("/api/v1/memories", MEMORY, headers).status()).isEqualTo(403);
      assertThat(client.delete("/api/v1/scopes?user=ada", headers).status()).isEqualTo(403);
      assertThat(client.delete("/api/v1/session", headers).status()).isEqualTo(403);
    }
    assertThat(client.get("/api/v1/memories", "Cookie", cookie(begun)).status()).isEqualTo(200);
  }

  @Test
  void signIn_withAnUnknownKey_isRefused() {
    for (String key : List.of("", "mlk_0000000000000000_" + "0".repeat(64), "x".repeat(10_000))) {
      Answer refused = signIn(key);
      assertThat(refused.status()).isEqualTo(401);
      assertThat(refused.header("Set-Cookie")).isEmpty();
    }
    assertThat(client.post("/api/v1/session", "{}").status()).isEqualTo(400);
    assertThat(client.get("/api/v1/session").status()).isEqualTo(401);
  }

  @Test
  void session_signedOutOrOfARevokedKey_allowsNothing() {
    Answer left = signIn(key("left", Role.ADMIN));
    Answer out = client.delete("/api/v1/session", "Cookie", cookie(left), "X-Memlane-Csrf",
        left.json().path("csrf").textValue());
    assertThat(out.status()).isEqualTo(204);
    assertThat(out.header("Set-Cookie")).contains("=; ", "Expires=Thu, 01 Jan 1970");
    assertThat(client.get("/api/v1/memories", "Cookie", cookie(left)).status()).isEqualTo(401);

    Answer revoked = signIn(key("revoked", Role.ADMIN));
    assertThat(stage.keys().revoke("revoked")).isTrue();
    assertThat(client.get("/api/v1/memories", "Cookie", cookie(revoked)).status()).isEqualTo(401);
    String invented = cookie(revoked).split("=", 2)[0] + "=" + UUID.randomUUID();
    assertThat(client.get("/api/v1/memories", "Cookie", invented).status()).isEqualTo(401);
  }

  @Test
  void session_lastsTwelveHours() {
    Answer begun = signIn(key("long", Role.READ));
    assertThat(begun.header("Set-Cookie")).contains("Max-Age=43200");
    NOW.set(NOW.get().plus(Duration.ofHours(12)).minusSeconds(1));
    assertThat(client.get("/api/v1/memories", "Cookie", cookie(begun)).status()).isEqualTo(200);

    NOW.set(NOW.get().plusSeconds(2));

    assertThat(client.get("/api/v1/memories", "Cookie", cookie(begun)).status()).isEqualTo(401);
  }

  @Test
  void requestOfAForeignPage_isRefused() {
    String key = key("pages", Role.ADMIN);
    TestClient known = client.withKey(key);
    String own = stage.server().uri().toString();

    for (String origin : List.of("null", "https://elsewhere.example", "http://127.0.0.1:1", own + ".elsewhere.example",
        "http://localhost", "file://")) {
      Answer refused = known.post("/api/v1/memories", MEMORY, "Origin", origin);
      assertThat(refused.status()).as(origin).isEqualTo(403);
      assertThat(refused.json().path("type").textValue()).isEqualTo("urn:memlane:problem:wrong-origin");
    }
    assertThat(known.post("/api/v1/memories", MEMORY, "Origin", own).status()).isEqualTo(201);
  }

  @Test
  void openServer_asksForNoKey(@TempDir Path empty) {
    try (ServerStage open = new ServerStage(empty, settings -> settings)) {
      Answer caller = open.client().get("/api/v1/session");
      assertThat(caller.status()).isEqualTo(200);
      assertThat(caller.json().path("role").textValue()).isEqualTo("admin");
      assertThat(caller.json().has("csrf")).isFalse();
    }
  }
}
