package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.server.TestClient.Answer;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams of memories and messages in and out. */
@Tag("programs")
class ArchiveRoutesTest {

  @TempDir
  Path directory;

  private ServerStage stage;
  private TestClient client;

  @BeforeEach
  void start() {
    stage = new ServerStage(directory, settings -> settings);
    client = stage.client();
  }

  @AfterEach
  void stop() {
    stage.close();
  }

  @Test
  void ingest_hasAResultForEachLine() {
    String lines = IntStream.range(0, 1_200)
        .mapToObj(i -> i == 700
            ? "{\"content\": 7}"
            : object("content", "line " + i, "key", "" + i, "metadata", Map.of("number", i)))
        .collect(Collectors.joining("\n"));

    Answer answer = client.post("/api/v1/ingest?user=ada", lines, "Content-Type", "application/jsonl");

    assertThat(answer.status()).isEqualTo(200);
    JsonNode[] results = answer.text().lines().map(TestClient::parse).toArray(JsonNode[]::new);
    assertThat(results).hasSize(1_200);
    assertThat(results[700].path("outcome").textValue()).isEqualTo("refused");
    assertThat(results[700].path("problem").path("detail").textValue()).contains("content");
    assertThat(results).filteredOn(result -> result.path("outcome").textValue().equals("stored")).hasSize(1_199);
    assertThat(results[1_199].path("line").intValue()).isEqualTo(1_200);
    assertThat(client.post("/api/v1/memories/count", "{}").text()).isEqualTo("{\"count\":1199}");
    String again = client.post("/api/v1/ingest?user=ada", lines, "Content-Type", "application/jsonl").text();
    assertThat(again.lines().filter(line -> line.contains("\"duplicate\""))).hasSize(1_199);
  }

  @Test
  void exportAndImport_restoreWhatWasErased() {
    for (int i = 0; i < 10; i++) {
      client.post("/api/v1/memories", object("content", "memory " + i, "scope", Map.of("user", "ada")));
    }
    client.post("/api/v1/conversations/messages", "{\"scope\": {\"user\": \"ada\", \"run\": \"7\"}, \"messages\": "
        + "[{\"role\": \"user\", \"text\": \"hello\"}, {\"role\": \"assistant\", \"text\": \"hi\"}]}");
    client.post("/api/v1/memories", object("content", "Ben's", "scope", Map.of("user", "ben")));
    String archive = client.get("/api/v1/export?user=ada&vectors=true").text();
    assertThat(archive).contains("memory 9").contains("hello").doesNotContain("Ben's");
    try (ServerStage other = new ServerStage(directory.resolve("other"), settings -> settings)) {
      TestClient restored = other.client();

      JsonNode report = restored.post("/api/v1/import", archive, "Content-Type", "application/jsonl").json();

      assertThat(report.path("restored").intValue()).isEqualTo(12);
      assertThat(report.path("complete").booleanValue() || report.path("whole").booleanValue()).isTrue();
      assertThat(restored.get("/api/v1/export?user=ada&vectors=true").text()).isEqualTo(archive);
      JsonNode messages = restored.get("/api/v1/conversations/messages?user=ada&run=7").json().path("messages");
      assertThat(messages).extracting(message -> message.path("text").textValue()).containsExactly("hello", "hi");
      assertThat(restored.post("/api/v1/verify", null).json().path("clean").booleanValue()).isTrue();
      assertThat(restored.post("/api/v1/import", "no archive", "Content-Type", "application/jsonl").status())
          .isEqualTo(400);
    }
  }

  @Test
  void conversation_isKeptInOrder_onceForEachId_andDeletedAsAWhole() {
    String message = "{\"id\": \"0198c5a2-7c1e-7a50-9d53-0242ac120002\", \"role\": \"user\", \"text\": \"hello\"}";
    String body = "{\"scope\": {\"user\": \"ada\", \"run\": \"7\"}, \"messages\": [" + message + "]}";
    client.post("/api/v1/conversations/messages", body);
    client.post("/api/v1/conversations/messages", body);
    client.post("/api/v1/conversations/messages", "{\"scope\": {\"user\": \"ada\", \"run\": \"7\"}, \"messages\": "
        + "[{\"role\": \"tool\", \"format\": \"openai\", \"payload\": \"{\\\"a\\\": 1}\"}]}");

    JsonNode page = client.get("/api/v1/conversations/messages?user=ada&run=7&limit=1").json();

    assertThat(page.path("messages").path(0).path("text").textValue()).isEqualTo("hello");
    JsonNode next = client.get("/api/v1/conversations/messages?user=ada&run=7&cursor=" + page.path("next").textValue())
        .json();
    assertThat(next.path("messages")).hasSize(1);
    assertThat(next.path("messages").path(0).path("payload").textValue()).isEqualTo("{\"a\": 1}");
    assertThat(client.get("/api/v1/conversations").json().path("conversations").path(0).path("run").textValue())
        .isEqualTo("7");
    assertThat(client.put("/api/v1/conversations/window", "{\"scope\": {\"user\": \"ada\", \"run\": \"7\"}, "
        + "\"messages\": [" + message + "]}").status()).isEqualTo(204);
    assertThat(client.get("/api/v1/conversations/window?user=ada&run=7").json().path("messages")).hasSize(1);
    assertThat(client.delete("/api/v1/conversations?user=ada&run=7").json().path("deleted").intValue()).isEqualTo(2);
    assertThat(client.get("/api/v1/conversations").json().path("conversations")).isEmpty();
    assertThat(client.get("/api/v1/conversations/messages?user=ada").status()).as("no run").isEqualTo(400);
  }
}
