package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.memlane.lanes.Lane;
import dev.memlane.server.TestClient.Answer;
import dev.memlane.server.internal.http.Route;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;

/** The OpenAPI document says what the server does: the same paths, parameters and roles, and answers of the forms that it promises. */
@Tag("programs")
class OpenApiTest {

  private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");

  @TempDir
  static Path directory;

  private static Database database;
  private static DurableLanes lanes;
  private static ServerStage stage;
  private static TestClient client;
  private static JsonNode document;

  @BeforeAll
  static void start() {
    database = Database.builder(TestServer.freshDatabase()).poolSize(5).open();
    lanes = DurableLanes.builder(database).durableLane(Lane.of("build")).open();
    stage = new ServerStage(directory, settings -> settings.metrics(() -> "up 1\n").lanes(lanes));
    client = stage.client();
    document = client.get("/openapi.json").json();
  }

  @AfterAll
  static void stop() {
    stage.close();
    lanes.close();
    database.close();
  }

  @Test
  void document_hasTheRoutesOfTheServer() {
    List<Route> routes = MemlaneServer.builder(stage.memory()).metrics(() -> "").activity(new RecentActivity())
        .routes().all();

    // mem0's routes are described by mem0.
    assertThat(documented()).containsExactlyInAnyOrderElementsOf(routes.stream()
        .filter(route -> route.template().matches("/(api/|health/|metrics|openapi).*"))
        .map(route -> route.method() + " " + route.template() + " " + new TreeSet<>(route.query()) + " "
            + (route.needed() == null ? "everybody" : route.needed().name().toLowerCase(Locale.ROOT))
            + (route.takesBody() ? " with a body" : ""))
        .toList());
  }

  @Test
  void routesWithoutABody_refuseOneThatSaysSomething() {
    List<Route> routes = MemlaneServer.builder(stage.memory()).metrics(() -> "").activity(new RecentActivity())
        .routes().all().stream().filter(route -> !route.takesBody())
        // Streams of events last: a server that takes the body would never end their answers.
        .sorted(Comparator.comparing(route -> route.template().endsWith("/events"))).toList();

    assertThat(routes).hasSizeGreaterThan(30);
    for (Route route : routes) {
      String path = route.template().replaceAll("\\{[a-z]+}", "0198c5a2-7c1e-7a50-9d53-0242ac120002");
      Answer answer = client.send(route.method(), path, "{\"odd\": 1}");
      assertThat(answer.status()).as("%s %s: %s", route.method(), path, answer.text()).isEqualTo(400);
      assertThat(answer.text()).contains("takes no body");
      if (!path.endsWith("/events")) {
        // Which never ends.
        assertThat(client.send(route.method(), path, " {} ").text()).doesNotContain("takes no body");
      }
    }
  }

  private static List<String> documented() {
    List<String> documented = new ArrayList<>();
    document.path("paths").properties().forEach(path -> path.getValue().properties().forEach(operation -> {
      if (METHODS.contains(operation.getKey())) {
        JsonNode role = operation.getValue().path("x-role");
        documented.add(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey() + " "
            + query(operation.getValue()) + " " + (role.isMissingNode() ? "everybody" : role.textValue())
            + (operation.getValue().has("requestBody") ? " with a body" : ""));
      }
    }));
    return documented;
  }

  private static Set<String> query(JsonNode operation) {
    return StreamSupport.stream(operation.path("parameters").spliterator(), false).map(OpenApiTest::resolved)
        .filter(parameter -> parameter.path("in").textValue().equals("query"))
        .map(parameter -> parameter.path("name").textValue()).collect(Collectors.toCollection(TreeSet::new));
  }

  private static JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? document.at(node.path("$ref").textValue().substring(1)) : node;
  }

  @Test
  void answers_haveTheFormsThatTheDocumentPromises() {
    Map<String, String> ada = Map.of("user", "ada");
    String memory = object("content", "Ada plays the oboe", "scope", ada, "key", "1", "actor", "Ada", "metadata",
        Map.of("topic", List.of("music")), "occurredAt", "2026-03-02", "expiresAt", "2126-03-02");
    Answer added = check("POST", "/api/v1/memories", "/api/v1/memories", memory);
    check("POST", "/api/v1/memories", "/api/v1/memories", memory);
    check("POST", "/api/v1/memories", "/api/v1/memories", "{}");
    check("PUT", "/api/v1/memories", "/api/v1/memories", memory);
    check("GET", "/api/v1/memories", "/api/v1/memories?user=ada&limit=1", null);
    check("GET", "/api/v1/memories", "/api/v1/memories?user=ada&limit=1&at=2126-01-01", null);
    check("POST", "/api/v1/memories/batch", "/api/v1/memories/batch",
        "{\"memories\": [" + memory + ", {\"content\": \"\"}]}");
    check("POST", "/api/v1/memories/list", "/api/v1/memories/list", object("scope", ada, "order", "newest"));
    check("POST", "/api/v1/memories/list", "/api/v1/memories/list", object("scope", ada, "at", "2126-01-01"));
    check("POST", "/api/v1/memories/count", "/api/v1/memories/count", object("scope", ada));
    check("POST", "/api/v1/memories/search", "/api/v1/memories/search",
        object("query", "oboe", "scope", ada, "include", List.of("explanation", "embedding")));
    String path = added.header("Location");
    check("GET", "/api/v1/memories/{id}", path, null);
    check("GET", "/api/v1/memories/{id}", "/api/v1/memories/0198c5a2-7c1e-7a50-9d53-0242ac120002", null);
    check("PATCH", "/api/v1/memories/{id}", path, "{\"content\": \"Ada plays the cello\", \"actor\": null}");
    check("GET", "/api/v1/memories/{id}", path + "?at=2126-01-01", null);
    check("GET", "/api/v1/memories/{id}/neighbours", path + "/neighbours?limit=1", null);
    check("GET", "/api/v1/memories/{id}/history", path + "/history?limit=1", null);
    check("GET", "/api/v1/operations/{memory}/{op}",
        "/api/v1/operations/" + added.json().path("memory").path("id").textValue() + "/"
            + added.json().path("memory").path("op").textValue(),
        null);
    check("DELETE", "/api/v1/memories/{id}", path, null);
    check("POST", "/api/v1/memories/delete", "/api/v1/memories/delete",
        object("scope", ada, "filter", Map.of("is", "exists", "key", "topic")));
    check("POST", "/api/v1/conversations/messages", "/api/v1/conversations/messages",
        "{\"scope\": {\"user\": \"ada\", \"run\": \"7\"}, \"messages\": [{\"role\": \"user\", \"text\": \"hello\"}]}");
    check("POST", "/api/v1/context", "/api/v1/context",
        object("search", Map.of("query", "oboe", "scope", ada), "tokens",
            100, "conversation", Map.of("user", "ada", "run", "7"), "conversationShare", 0.3));
    check("GET", "/api/v1/conversations/messages", "/api/v1/conversations/messages?user=ada&run=7", null);
    check("GET", "/api/v1/conversations/window", "/api/v1/conversations/window?user=ada&run=7", null);
    check("GET", "/api/v1/conversations", "/api/v1/conversations", null);
    check("DELETE", "/api/v1/conversations", "/api/v1/conversations?user=ada&run=7", null);
    check("POST", "/api/v1/verify", "/api/v1/verify", "");
    check("GET", "/api/v1/status", "/api/v1/status", null);
    check("GET", "/api/v1/jobs", "/api/v1/jobs", null);
    check("GET", "/api/v1/metrics-summary", "/api/v1/metrics-summary", null);
    check("GET", "/api/v1/embedding-endpoints", "/api/v1/embedding-endpoints", null);
    check("GET", "/api/v1/session", "/api/v1/session", null);
    check("GET", "/api/v1/statistics", "/api/v1/statistics", null);
    check("GET", "/api/v1/scopes", "/api/v1/scopes?prefix=a&limit=1", null);
    check("DELETE", "/api/v1/scopes", "/api/v1/scopes?user=ada", null);
    check("GET", "/api/v1/lanes", "/api/v1/lanes", null);
    String tasks = "/api/v1/lanes/{lane}/tasks";
    String claims = "/api/v1/lanes/{lane}/claims";
    String task = "{\"name\": \"x\", \"payload\": [1], \"idempotent\": false, \"within\": \"PT1H\", \"key\": \"k\"}";
    Answer submitted = check("POST", tasks, "/api/v1/lanes/build/tasks", task);
    check("POST", tasks, "/api/v1/lanes/build/tasks", task);
    check("POST", tasks, "/api/v1/lanes/none/tasks", task);
    check("GET", "/api/v1/tasks/{id}", submitted.header("Location"), null);
    String claim = "/api/v1/claims/" + check("POST", claims, "/api/v1/lanes/build/claims", null).json().path("claim")
        .path("id").textValue();
    check("POST", "/api/v1/claims/{id}/fail", claim + "/fail", "{\"failure\": \"broken\"}");
    check("POST", "/api/v1/claims/{id}/fail", claim + "/fail", "{}");
    check("GET", "/api/v1/dead-letters", "/api/v1/dead-letters", null);
    String letter = submitted.header("Location").replace("tasks", "dead-letters");
    check("POST", "/api/v1/dead-letters/{id}/replay", letter + "/replay", "{}");
    String next = "/api/v1/claims/" + check("POST", claims, "/api/v1/lanes/build/claims", null).json().path("claim")
        .path("id").textValue();
    check("POST", "/api/v1/claims/{id}/complete", next + "/complete", "{\"result\": [1.5]}");
    check("GET", "/api/v1/tasks/{id}", submitted.header("Location"), null);
    check("DELETE", "/api/v1/tasks/{id}", submitted.header("Location"), null);
    check("GET", "/health/live", "/health/live", null);
    check("GET", "/health/ready", "/health/ready", null);
  }

  private static Answer check(String method, String template, String path, @Nullable String body) {
    Answer answer = client.send(method, path, body);
    JsonNode responses = document.path("paths").path(template).path(method.toLowerCase(Locale.ROOT)).path("responses");
    JsonNode promised = resolved(responses.path("" + answer.status()));
    if (promised.isMissingNode()) {
      assertThat(answer.status()).as("only problems are not listed: %s", answer.text()).isBetween(400, 599);
      promised = resolved(responses.path("default"));
    }
    JsonNode schema = promised.path("content").path(answer.header("Content-Type")).path("schema");
    assertThat(schema.isMissingNode()).as("%s %s answers %s", method, path, answer.header("Content-Type")).isFalse();
    // The components go along, so that references lead somewhere.
    var whole = (ObjectNode) schema.deepCopy();
    whole.set("components", document.path("components"));
    Schema compiled = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(whole.toString(), InputFormat.JSON);
    List<Error> errors = compiled.validate(answer.text(), InputFormat.JSON);
    assertThat(errors).as("%s %s: %s", method, path, answer.text()).isEmpty();
    return answer;
  }
}
