package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Scope;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the dashboard draws, from a server that does something. */
@Tag("programs")
class ActivityRoutesTest {

  @TempDir
  static Path directory;

  private static ServerStage stage;
  private static TestClient client;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings);
    client = stage.client().withKey(stage.keys().create("all", Role.ADMIN, new Grant.Everything(), null));
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @Test
  void activity_countsWhatRequestsDo() {
    String memory = object("content", "Ada plays the oboe", "scope", Map.of("user", "ada"), "key", "1");
    client.post("/api/v1/memories", memory);
    client.post("/api/v1/memories", memory);
    client.post("/api/v1/memories/search", object("query", "oboe", "scope", Map.of("user", "ada")));

    JsonNode summary = client.get("/api/v1/metrics-summary").json();

    assertThat(summary.path("writes").path("stored").intValue()).isEqualTo(1);
    assertThat(summary.path("writes").path("duplicate").intValue()).isEqualTo(1);
    assertThat(summary.path("searches").path("count").intValue()).isEqualTo(1);
    assertThat(summary.path("searches").path("p50").textValue()).startsWith("PT");
    assertThat(client.get("/api/v1/embedding-endpoints").json().path("endpoints")).hasSize(1);
  }

  @Test
  void jobs_listWhatWasAskedForTheLastFirst() {
    client.post("/api/v1/verify", "");
    client.delete("/api/v1/scopes?user=nobody");
    client.post("/api/v1/import", "no archive", "Content-Type", "application/jsonl");

    JsonNode jobs = client.get("/api/v1/jobs").json().path("jobs");

    assertThat(jobs).extracting(job -> job.path("kind").textValue() + " " + job.path("state").textValue())
        .containsExactly("import failed", "erase done", "verify done");
    assertThat(jobs.path(0).path("problem").textValue()).isNotBlank();
    assertThat(jobs.path(1).path("scope").path("user").textValue()).isEqualTo("nobody");
    assertThat(jobs.path(2).path("result").path("inconsistencies")).isEmpty();
  }

  @Test
  void activity_isForCallersWhoReachEverything() {
    TestClient bound = client
        .withKey(stage.keys().create("bound", Role.ADMIN, new Grant.Scopes(List.of(Scope.user("ada"))), null));
    for (String path : List.of("/api/v1/metrics-summary", "/api/v1/embedding-endpoints", "/api/v1/jobs")) {
      assertThat(bound.get(path).status()).as(path).isEqualTo(403);
    }
  }
}
