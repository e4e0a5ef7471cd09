package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Scope;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;

/** Changes as events: all of them, from where a client was, and only those that its key reaches. */
@Tag("programs")
@Timeout(120)
class EventRoutesTest {

  @TempDir
  static Path directory;

  private static ServerStage stage;
  private static TestClient admin;
  private static final AtomicReference<Instant> NOW = new AtomicReference<>(Instant.parse("2026-11-29T08:00:00Z"));

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings.clock(NOW::get));
    admin = stage.client().withKey(stage.keys().create("admin", Role.ADMIN, new Grant.Everything(), null));
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  /** A stream of events that is being read. */
  private static final class Events implements AutoCloseable {

    private final InputStream body;
    private final BufferedReader lines;
    private String lastId = "";

    Events(TestClient client, String path, String... headers) {
      HttpResponse<InputStream> response = client.send(client.request("GET", path, null, headers),
          HttpResponse.BodyHandlers.ofInputStream());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
      body = response.body();
      lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    /** The data of the next change; null at the end of the stream. */
    @Nullable
    JsonNode next() throws IOException {
      String type = "";
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("id: ")) {
          lastId = line.substring(4);
        } else if (line.startsWith("event: ")) {
          type = line.substring(7);
        } else if (line.startsWith("data: ") && type.equals("change")) {
          return TestClient.parse(line.substring(6));
        }
      }
      return null;
    }

    /** Reads until changes of these memories have come, and returns the kinds of their changes in order. */
    List<String> until(String... memories) throws IOException {
      Set<String> missing = new HashSet<>(Set.of(memories));
      List<String> kinds = new ArrayList<>();
      while (!missing.isEmpty()) {
        JsonNode change = Objects.requireNonNull(next(), () -> "the stream ended before " + missing);
        missing.remove(change.path("memory").textValue());
        kinds.add(change.path("kind").textValue());
      }
      return kinds;
    }

    String awaitBegin() throws IOException {
      while (lastId.isEmpty()) {
        String line = lines.readLine();
        if (line.startsWith("id: ")) {
          lastId = line.substring(4);
        }
      }
      return lastId;
    }

    /** Reads an event that only has a cursor, and no change before it. */
    String awaitCursor() throws IOException {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("id: ")) {
          lastId = line.substring(4);
        } else if (line.equals("event: cursor")) {
          return lastId;
        }
        assertThat(line).isNotEqualTo("event: change");
      }
      throw new IOException("the stream ended without a new cursor");
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  private static String add(String user, String content) {
    return admin.post("/api/v1/memories", object("content", content, "scope", Map.of("user", user))).json()
        .path("memory")
        .path("id").textValue();
  }

  @Test
  void clientThatCloses_isNoticedBeforeAnythingIsWritten() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stage.server().port())) {
      socket.getOutputStream()
          .write(("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: "
              + stage.keys().create("closes", Role.READ, new Grant.Everything(), null) + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();

      StringBuilder stream = new StringBuilder();
      InputStream input = socket.getInputStream();
      // A stream that is never closed says regularly that it is alive; waiting for its end would take forever.
      for (int next = input.read(); next >= 0 && stream.indexOf("alive") < 0; next = input.read()) {
        stream.append((char) next);
      }

      assertThat(stream.toString()).contains("event: begin").doesNotContain("alive");
    }
  }

  @Test
  void stream_hasEveryChange_andGoesOnFromItsCursor() throws IOException {
    String cursor;
    try (Events events = new Events(admin, "/api/v1/events?user=sse")) {
      cursor = events.awaitBegin();
      String first = add("sse", "one");
      admin.patch("/api/v1/memories/" + first, "{\"content\": \"two\"}");
      admin.delete("/api/v1/memories/" + first);
      String last = add("sse", "three");

      assertThat(events.until(first, last)).contains("ADD");
    }
    String later = add("sse", "four");
    try (Events again = new Events(admin, "/api/v1/events?user=sse", "Last-Event-ID", cursor)) {
      List<String> kinds = again.until(later);
      assertThat(kinds).as("everything since the cursor").contains("ADD", "UPDATE", "DELETE").hasSizeGreaterThan(4);
    }
    try (Events all = new Events(admin, "/api/v1/events?cursor=0&user=sse")) {
      assertThat(all.until(later)).hasSizeGreaterThan(4);
    }
  }

  @Test
  void stream_hasOnlyWhatItsKeyReaches_andEndsWithTheKey() throws IOException {
    String key = stage.keys().create("eve", Role.READ, new Grant.Scopes(List.of(Scope.user("eve"))), null);
    TestClient eve = stage.client().withKey(key);
    assertThat(eve.get("/api/v1/events?user=sse").status()).isEqualTo(403);
    try (Events events = new Events(eve, "/api/v1/events")) {
      events.awaitBegin();
      add("mallory", "a secret of Mallory's");
      String own = add("eve", "Eve's own");

      JsonNode change = Objects.requireNonNull(events.next());

      assertThat(change.path("memory").textValue()).isEqualTo(own);
      assertThat(change.path("scope").path("user").textValue()).isEqualTo("eve");
      stage.keys().revoke("eve");
      // The stream ends, at the latest when it would show that it is alive. Until then a change may come a second time.
      for (JsonNode again = events.next(); again != null; again = events.next()) {
        assertThat(again).isEqualTo(change);
      }
    }
  }

  @Test
  void stream_withoutChangesOfItsOwn_getsANewCursor_beforeItsOwnIsOld() throws IOException {
    String cursor;
    try (Events events = new Events(admin, "/api/v1/events?user=idle")) {
      String begun = events.awaitBegin();
      add("other", "not for this stream");
      NOW.set(NOW.get().plus(Duration.ofMinutes(16)));
      // It wakes the stream.
      add("other", "not for this stream either");

      cursor = events.awaitCursor();

      assertThat(cursor).isNotEqualTo(begun);
    }
    String later = add("idle", "its own");
    try (Events again = new Events(admin, "/api/v1/events?user=idle", "Last-Event-ID", cursor)) {
      assertThat(again.until(later)).as("everything after the new cursor, and nothing else").containsExactly("ADD");
    }
  }

  @Test
  void cursor_thatIsNone_isRefused() {
    assertThat(admin.get("/api/v1/events?cursor=x").status()).isEqualTo(400);
    assertThat(admin.get("/api/v1/events", "Last-Event-ID", "1.1.x").status()).isBetween(400, 410);
    assertThat(admin.send("HEAD", "/api/v1/events", null).status()).isEqualTo(405);
  }

  @Test
  void streams_areLimited(@TempDir Path folder) throws IOException {
    try (ServerStage other = new ServerStage(folder,
        settings -> settings.limits(ServerLimits.DEFAULT.withMostStreams(1)));
        Events open = new Events(other.client(), "/api/v1/events")) {
      open.awaitBegin();

      assertThat(other.client().get("/api/v1/events").status()).isEqualTo(503);
    }
  }

  @Test
  void closingTheServer_endsItsStreams(@TempDir Path folder) throws IOException {
    ServerStage other = new ServerStage(folder, settings -> settings);
    try (Events events = new Events(other.client(), "/api/v1/events")) {
      events.awaitBegin();

      other.close();

      assertThat(events.next()).isNull();
    }
  }
}
