package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.ModelChangeRequest;
import dev.memlane.orchestrator.Progress;
import dev.memlane.server.TestClient.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A change of the embedding model that callers of a server ask for. */
@Tag("programs")
class ModelRoutesTest {

  private static final String CHANGE = "/api/v1/model-change";

  @TempDir
  Path directory;

  private final List<ModelChanges.Request> requests = new ArrayList<>();
  private ServerStage stage;
  private TestClient client;

  @BeforeEach
  void start() {
    stage = new ServerStage(directory,
        settings -> settings.modelChanges(this::begin).auditLog(AuditLog.in(directory.resolve(AuditLog.NAME))));
    client = stage.client();
    stage.memory().addMemories(IntStream.range(0, 600)
        .mapToObj(i -> NewMemory.of("fact " + i, Scope.user("ada"))).toList()).join();
  }

  @AfterEach
  void stop() {
    stage.close();
  }

  private ModelChange begin(ModelChanges.Request request, Progress progress) {
    requests.add(request);
    if ("none".equals(request.model())) {
      throw new InvalidInputException("there is no model none");
    }
    ModelChangeRequest wanted = ModelChangeRequest.to(new HashEmbedder(48)).progress(progress);
    Integer most = request.textsPerSecond();
    wanted = most == null ? wanted : wanted.textsPerSecond(most);
    Long tokens = request.mostTokens();
    wanted = tokens == null ? wanted : wanted.mostTokens(tokens);
    return stage.memory().changeModel(request.together() ? wanted.together() : wanted);
  }

  private String stage() {
    return client.get(CHANGE).json().path("stage").asText();
  }

  @Test
  void change_isBegun_reported_andComplete() throws Exception {
    assertThat(client.get(CHANGE).status()).as("before any change").isEqualTo(404);
    assertThat(client.delete(CHANGE).status()).isEqualTo(404);

    Answer begun = client.post(CHANGE, null);

    assertThat(begun.status()).isEqualTo(202);
    assertThat(begun.json().path("model").asText()).isEqualTo("hash-48");
    await().until(() -> stage().equals("complete"));
    JsonNode end = client.get(CHANGE).json();
    assertThat(end.path("embedded").asInt()).isEqualTo(600);
    assertThat(end.path("toEmbed").asInt()).isEqualTo(600);
    assertThat(end.has("problem")).isFalse();
    assertThat(stage.memory().embeddingModel()).isEqualTo("hash-48");
    assertThat(client.get("/api/v1/status").json().path("modelChange").path("stage").asText()).isEqualTo("complete");
    assertThat(client.get("/api/v1/statistics").json().path("modelChange")).isEqualTo(end);
    JsonNode job = client.get("/api/v1/jobs").json().path("jobs").path(0);
    assertThat(job.path("kind").asText()).isEqualTo("model-change");
    assertThat(job.path("state").asText()).isEqualTo("done");
    assertThat(job.path("done").asInt()).isEqualTo(600);
    assertThat(client.post("/api/v1/memories/search", "{\"query\": \"fact 17\", \"scopes\": [{\"user\": \"ada\"}]}")
        .text()).contains("fact 17");

    assertThat(client.delete("/api/v1/old-vectors").json().path("deleted").asInt()).isEqualTo(600);
    assertThat(client.delete("/api/v1/old-vectors").json().path("deleted").asInt()).isZero();
    assertThat(Files.readString(directory.resolve(AuditLog.NAME))).contains("\"change-model\"")
        .contains("\"delete-old-vectors\"").contains("\"deleted\":600");
  }

  @Test
  void change_isOneAtATime_andCanBeCancelled() {
    assertThat(client.post(CHANGE, "{\"textsPerSecond\": 100}").status()).isEqualTo(202);

    Answer second = client.post(CHANGE, null);
    assertThat(second.status()).isEqualTo(409);
    assertThat(second.json().path("detail").asText()).contains("hash-48").contains("cancel");
    assertThat(client.delete("/api/v1/old-vectors").json().path("detail").asText()).contains("is being changed");
    assertThat(client.delete(CHANGE).status()).isEqualTo(202);

    await().until(() -> stage().equals("ended"));
    assertThat(client.get(CHANGE).json().path("problem").asText()).contains("was cancelled");
    assertThat(stage.memory().embeddingModel()).isEqualTo(new HashEmbedder().model());
    await().untilAsserted(() -> assertThat(client.get("/api/v1/jobs").json().path("jobs")).filteredOn(
        job -> job.path("kind").asText().equals("model-change")).extracting(job -> job.path("state").asText())
        .containsExactly("failed"));
  }

  @Test
  void change_together_waitsForTheSwitch() {
    assertThat(client.post(CHANGE + "/switch", null).status()).as("before any change").isEqualTo(404);
    assertThat(client.post(CHANGE, "{\"together\": true}").status()).isEqualTo(202);
    await().until(() -> stage().equals("waiting"));
    assertThat(stage.memory().embeddingModel()).isEqualTo(new HashEmbedder().model());

    assertThat(client.post(CHANGE + "/switch", null).status()).isEqualTo(202);

    await().until(() -> stage().equals("complete"));
    assertThat(stage.memory().embeddingModel()).isEqualTo("hash-48");
  }

  @Test
  void request_isPassedOn_andWhatIsWrongIsRefused() {
    Answer unknown = client.post(CHANGE, "{\"embedder\": \"local\", \"model\": \"none\", \"index\": \"other\", "
        + "\"mostTokens\": 7}");

    assertThat(unknown.status()).isEqualTo(400);
    assertThat(unknown.json().path("detail").asText()).isEqualTo("there is no model none");
    assertThat(requests).containsExactly(new ModelChanges.Request("local", "none", "other", null, 7L, false));
    assertThat(client.get(CHANGE).status()).isEqualTo(404);
    assertThat(client.post(CHANGE, "{\"textsPerSecond\": 0}").status()).isEqualTo(400);
    assertThat(client.post(CHANGE, "{\"mostTokens\": 0}").status()).isEqualTo(400);
    assertThat(client.post(CHANGE, "{\"url\": \"http://example.org\"}").status()).isEqualTo(400);
  }

  @Test
  void server_withoutWhatBeginsChanges_refuses() {
    try (ServerStage other = new ServerStage(directory.resolve("other"), settings -> settings)) {
      assertThat(other.client().post(CHANGE, null).status()).isEqualTo(404);
    }
  }
}
