package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.server.TestClient.Answer;
import dev.memlane.server.internal.http.Problems;
import dev.memlane.testing.PlainMessages;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Problems advise callers over HTTP, and not those in Java: they name no method, no class and no builder. */
@Tag("programs")
class ProblemWordsTest {

  private static final String NO_SUCH_ID = "0198c5a2-7c1e-7a50-9d53-0242ac120002";
  private static final List<Pattern> JAVA = List.of(Pattern.compile("\\w\\("), Pattern.compile("(?i)\\bbuilder\\b"),
      Pattern.compile("\\b[A-Z][a-z]+[A-Z][a-z]\\w*\\b"));

  @TempDir
  static Path directory;

  private static ServerStage stage;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings);
    stage.client().post("/api/v1/memories",
        object("content", "Ada plays the oboe", "scope", Scope.user("ada"), "key", "instrument"));
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  private static Arguments request(String method, String path, @Nullable String body, String... headers) {
    return Arguments.of(method, path, body, headers);
  }

  static Stream<Arguments> badRequests() {
    String ada = "{\"user\": \"ada\"}";
    String id = MemoryId.derive(Scope.user("ada"), "instrument").toString();
    return Stream.of(request("POST", "/api/v1/conversations/messages",
        "{\"scope\": " + ada + ", \"messages\": [{\"role\": \"user\", \"text\": \"hello\"}]}"),
        request("GET", "/api/v1/conversations/messages?user=ada", null),
        request("GET", "/api/v1/conversations/window?user=ada", null),
        request("PUT", "/api/v1/conversations/window", "{\"scope\": " + ada + ", \"messages\": []}"),
        request("DELETE", "/api/v1/conversations?user=ada", null),
        request("POST", "/api/v1/conversations/messages",
            "{\"scope\": {\"run\": \"7\"}, \"messages\": [{\"role\": \"user\"}]}"),
        request("POST", "/api/v1/memories", "{}"),
        request("POST", "/api/v1/memories", "{\"content\": \"x\"}"),
        request("POST", "/api/v1/memories", "{\"content\": \"\", \"scope\": " + ada + "}"),
        request("POST", "/api/v1/memories", "{\"content\": 1, \"scope\": " + ada + "}"),
        request("POST", "/api/v1/memories", "{\"content\": \"x\", \"scope\": {}}"),
        request("POST", "/api/v1/memories",
            "{\"content\": \"x\", \"scope\": " + ada + ", \"occurredAt\": \"soon\"}"),
        request("POST", "/api/v1/memories",
            "{\"content\": \"x\", \"scope\": " + ada + ", \"metadata\": {\"a\": {\"b\": 1}}}"),
        request("POST", "/api/v1/memories", "{\"content\": \"x\", \"scope\": " + ada
            + ", \"embedding\": {\"model\": \"other\", \"vector\": [1, 2]}}"),
        request("PUT", "/api/v1/memories", "{\"content\": \"x\", \"scope\": " + ada + "}"),
        request("POST", "/api/v1/memories/batch", "{\"memories\": []}"),
        request("POST", "/api/v1/context", "{\"tokens\": 100}"),
        request("POST", "/api/v1/context", "{\"search\": {\"query\": \"x\", \"scope\": " + ada + "}}"),
        request("POST", "/api/v1/context",
            "{\"search\": {\"query\": \"x\", \"scope\": " + ada + "}, \"tokens\": 100, \"conversation\": " + ada + "}"),
        request("POST", "/api/v1/context",
            "{\"search\": {\"query\": \"x\", \"scope\": " + ada + "}, \"tokens\": 100, \"conversationShare\": 7}"),
        request("POST", "/api/v1/memories/search", "{\"scope\": " + ada + "}"),
        request("POST", "/api/v1/memories/search", "{\"query\": \"x\", \"scope\": " + ada + ", \"limit\": 0}"),
        request("POST", "/api/v1/memories/search", "{\"query\": \"x\", \"scope\": " + ada + ", \"mode\": \"odd\"}"),
        request("POST", "/api/v1/memories/search",
            "{\"query\": \"x\", \"scope\": " + ada + ", \"minSimilarity\": 2}"),
        request("POST", "/api/v1/memories/search",
            "{\"query\": \"x\", \"scope\": " + ada + ", \"minWords\": 1, \"mode\": \"semantic\"}"),
        request("POST", "/api/v1/memories/search",
            "{\"query\": \"x\", \"scope\": " + ada + ", \"recency\": {\"halfLife\": \"-P1D\"}}"),
        request("POST", "/api/v1/memories/search",
            "{\"query\": \"x\", \"scope\": " + ada + ", \"filter\": {\"is\": \"odd\"}}"),
        request("POST", "/api/v1/memories/search",
            "{\"query\": \"x\", \"scope\": " + ada + ", \"filter\": {\"is\": \"range\", \"key\": \"a\"}}"),
        request("POST", "/api/v1/memories/search", "{\"query\""),
        request("POST", "/api/v1/memories/search", "{\"query\": odd}"),
        request("POST", "/api/v1/memories/search", "{\"query\": \"x\", \"query\": \"x\"}"),
        request("POST", "/api/v1/memories/search", "[".repeat(200)),
        request("POST", "/api/v1/memories/delete", "{\"scope\": " + ada + "}"),
        request("GET", "/api/v1/memories?order=odd", null), request("GET", "/api/v1/memories?cursor=odd", null),
        request("GET", "/api/v1/memories?order=newest&cursor=odd", null),
        request("GET", "/api/v1/memories/odd", null), request("GET", "/api/v1/memories/" + NO_SUCH_ID, null),
        request("GET", "/api/v1/memories/" + NO_SUCH_ID + "/history", null),
        request("PATCH", "/api/v1/memories/" + id, "{}"),
        request("PATCH", "/api/v1/memories/" + id, "{\"content\": \"x\"}", "If-Match", "\"" + NO_SUCH_ID + "\""),
        request("PATCH", "/api/v1/memories/" + id, "{\"content\": \"x\"}", "If-Match", "odd"),
        request("PATCH", "/api/v1/memories/" + NO_SUCH_ID, "{\"content\": \"x\"}"),
        request("DELETE", "/api/v1/memories/" + NO_SUCH_ID, null),
        request("DELETE", "/api/v1/scopes", null), request("GET", "/api/v1/scopes?cursor=odd", null),
        request("GET", "/api/v1/operations/odd/odd", null), request("GET", "/api/v1/events?cursor=odd", null),
        request("POST", "/api/v1/import", "odd", "Content-Type", "application/jsonl"),
        request("POST", "/v1/memories/", "{\"messages\": [], \"infer\": true}"),
        request("POST", "/v2/memories/search/", "{\"query\": \"x\", \"filters\": {\"odd\": {\"odd\": 1}}}"));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("badRequests")
  void problemOfARequest_advisesOverHttp(String method, String path, @Nullable String body, String[] headers) {
    Answer answer = stage.client().send(method, path, body, headers);

    assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
    assertAdvice(answer.json());
  }

  static Stream<WriteOutcome> failedWrites() {
    MemoryId id = MemoryId.parse(NO_SUCH_ID);
    OperationId op = OperationId.parse(NO_SUCH_ID);
    StoreException cause = new StoreException("the disk is full", null);
    return Stream.of(new WriteOutcome.RolledBack(id, op, cause, null), new WriteOutcome.Conflict(id, op, op),
        new WriteOutcome.Conflict(id, null, op), new WriteOutcome.Unpurged(id, op, cause),
        new WriteOutcome.NotFound(id), new WriteOutcome.WasDeleted(id, op), new WriteOutcome.Refused("full", cause),
        new WriteOutcome.Unsettled(id, op, cause, null));
  }

  @ParameterizedTest
  @MethodSource("failedWrites")
  void problemOfAWrite_advisesOverHttp(WriteOutcome outcome) {
    assertAdvice(TestClient.parse(object("detail", Problems.of(outcome).detail())));
  }

  @Test
  void adviceInJava_isRecognised() {
    assertThat(List.of("say scope.withRun(...)", "ask hasLanded(memory, operation) later", "give the builder one",
        "use MemoryUpdate")).allSatisfy(
            message -> assertThat(JAVA).anySatisfy(form -> assertThat(message).containsPattern(form)));
  }

  private static void assertAdvice(JsonNode problem) {
    String detail = problem.path("detail").textValue();
    PlainMessages.assertPlain(detail);
    assertThat(JAVA).allSatisfy(form -> assertThat(detail).doesNotContainPattern(form));
  }
}
