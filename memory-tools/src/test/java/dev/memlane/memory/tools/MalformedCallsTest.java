package dev.memlane.memory.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls as models get them wrong: what can be understood is done, and everything else is answered in plain words. */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MalformedCallsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ID = "0198c5a2-7c1e-7a50-9d53-0242ac120002";
  private static final String MANY_DIGITS = "9".repeat(2_000);
  private static final String LONG_NAME = "n".repeat(50_000);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private static Path directory;

  private final Scope ada = Scope.user("ada");
  @SuppressWarnings("NullAway.Init") // set before all tests
  private MemoryOrchestrator memory;
  @SuppressWarnings("NullAway.Init") // set before all tests
  private LaneExecutor lanes;
  @SuppressWarnings("NullAway.Init") // set before all tests
  private ToolExecutor<String, String> tools;

  @BeforeAll
  void open() {
    memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(directory)
        .embedder(new HashEmbedder()).open();
    lanes = LaneExecutor.builder().build();
    tools = MemoryTools.builder(memory, ada).actor("agent").build().executor(lanes);
  }

  @AfterAll
  void close() {
    lanes.close();
    memory.close();
  }

  private String answer(String tool, String arguments) throws InterruptedException {
    ToolResult<String> result = tools.run(List.of(new ToolCall<>("1", tool, arguments))).getFirst();
    return MemoryTools.text(result);
  }

  private JsonNode json(String tool, String arguments) throws Exception {
    String answer = answer(tool, arguments);
    assertThat(answer).doesNotStartWith("Error");
    return JSON.readTree(answer);
  }

  private JsonNode stored(String arguments) throws Exception {
    return json("memory_get", "{\"id\": \"" + json("memory_add", arguments).path("id").textValue() + "\"}");
  }

  // What can't be understood

  static Stream<Arguments> mistakes() {
    String deep = "{\"a\":".repeat(2_000) + "1" + "}".repeat(2_000);
    String nested = "{\"a\":".repeat(90) + "1" + "}".repeat(90);
    return Stream.of(
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": " + MANY_DIGITS + "}", "1,000 digits"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": " + "9".repeat(900) + "}", "from 1 to 100"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": \"" + MANY_DIGITS + "\"}", "from 1 to 100"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": 1e400}", "from 1 to 100"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": \"many\"}", "from 1 to 100"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": {}}", "from 1 to 100"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"limit\": -1}", "from 1 to 100"),
        Arguments.of("memory_search", "{\"query\": \"" + "x".repeat(200_000) + "\"}", "the limit is 100000"),
        Arguments.of("memory_context", "{\"query\": \"x\", \"tokens\": 0}", "from 1 to 100000"),
        Arguments.of("memory_context", "{\"tokens\": 5}", "\"query\" is missing"),
        Arguments.of("memory_search", "{\"query\": [\"x\"]}", "\"query\" must be a text"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"since\": \"yesterday\"}",
            "\"since\" must be a day or a time"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"since\": \"2026-05-02\", \"until\": \"2026-05-01\"}",
            "ends before that"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"filter\": " + deep + "}", "nested"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"filter\": {\"" + LONG_NAME + "\": 1}}", "characters"),
        Arguments.of("memory_search", "{\"query\": \"x\", \"filter\": {\"a\": {\"gte\": 3}}}", "\"a\" in \"filter\""),
        Arguments.of("memory_search", "{\"query\": \"x\", \"filter\": {\"a\": [null]}}", "\"a\" in \"filter\""),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": " + deep + "}", "nested"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": " + nested + "}", "\"a\" in \"metadata\""),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": {\"a\": [[1]]}}", "\"a\" in \"metadata\""),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": {\"" + LONG_NAME + "\": 1}}", "characters"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": {\"" + LONG_NAME + "\": {}}}", "characters"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": {\"a\": " + "9".repeat(900) + "}}",
            "\"a\" in \"metadata\""),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": {\"a\": NaN}}", "NaN"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"metadata\": \"topic: travel\"}",
            "\"metadata\" must be an object"),
        Arguments.of("memory_add", "{\"content\": \"" + "x".repeat(20_000_000) + "\"}", "characters"),
        Arguments.of("memory_add", "{\"content\": \"" + "x".repeat(200_000) + "\"}", "the limit is 100000"),
        Arguments.of("memory_add", "{\"" + LONG_NAME + "\": \"x\"}", "characters"),
        Arguments.of("memory_add", "{\"" + "n".repeat(900) + "\": \"x\"}", "there is no argument"),
        Arguments.of("memory_add", "{\"content\": {\"text\": \"x\"}}", "\"content\" must be a text"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"expiresAt\": \"2026-02-30\"}",
            "\"expiresAt\" must be a day or a time"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"occurredAt\": 1772442840}", "\"occurredAt\" is the number"),
        Arguments.of("memory_add", "{\"content\": \"x\", \"key\": \"" + "k".repeat(2_000) + "\"}", "the limit is 1000"),
        Arguments.of("memory_add", "{\"content\": \"a\", \"content\": \"b\"}", "\"content\" is there twice"),
        Arguments.of("memory_add", "{\"content\": \"a\"}{\"content\": \"b\"}", "something follows it"),
        Arguments.of("memory_add", "{\"content\": \"a\"} and so on", "can't be read"),
        Arguments.of("memory_add", "{\"content\": \"a", "they end too early"),
        Arguments.of("memory_add", "{'content': 'a'}", "can't be read"),
        Arguments.of("memory_add", "\"\\\"\\\\\\\"x\\\\\\\"\\\"\"", "must be a JSON object"),
        Arguments.of("memory_add", "true", "must be a JSON object"),
        Arguments.of("memory_add", "\u0000", "can't be read"),
        Arguments.of("memory_add_batch", "{\"memories\": \"[\"}", "must be a list"),
        Arguments.of("memory_add_batch", "{\"memories\": {\"content\": \"x\"}}", "must be a list"),
        Arguments.of("memory_get", "{\"id\": \"" + "7".repeat(50_000) + "\"}", "no memory id"),
        Arguments.of("memory_get", "{\"id\": 7}", "no memory id"),
        Arguments.of("memory_get", "null", "\"id\" is missing"),
        Arguments.of("memory_history", "{\"id\": null}", "\"id\" is missing"),
        Arguments.of("memory_list", "{\"after\": \"x\"}", "no memory id"),
        Arguments.of("memory_update", "{\"id\": \"" + ID + "\", \"content\": \"x\", \"op\": " + MANY_DIGITS + "}",
            "1,000 digits"),
        Arguments.of("memory_delete", "{\"id\": \"" + ID + "\", \"op\": false}", "\"op\" must be the op"),
        Arguments.of("memory_" + LONG_NAME, "{}", "there is no tool"));
  }

  @ParameterizedTest(name = "{0} {2} {index}")
  @MethodSource("mistakes")
  void mistake_isExplainedBrieflyInPlainWords(String tool, String arguments, String says)
      throws InterruptedException {
    String answer = answer(tool, arguments);

    assertThat(answer).startsWith("Error: ").contains(says).hasSizeLessThan(600);
    PlainMessages.assertPlain(answer);
  }

  // What can be understood

  @Test
  void numbersAndBooleans_asTexts_andTheReverse_areAccepted() throws Exception {
    json("memory_add", "{\"content\": \"lenient numbers one\"}");
    json("memory_add", "{\"content\": \"lenient numbers two\"}");

    assertThat(json("memory_search", "{\"query\": \"lenient numbers\", \"limit\": \"1\"}").path("hits")).hasSize(1);
    assertThat(json("memory_list", "{\"limit\": \" 2 \"}").path("memories")).hasSize(2);
    assertThat(json("memory_list", "{\"limit\": 2.0}").path("memories")).hasSize(2);
    JsonNode memory = stored("{\"content\": 42, \"key\": 7, \"actor\": true}");
    assertThat(memory.path("content").textValue()).isEqualTo("42");
    assertThat(memory.path("key").textValue()).isEqualTo("7");
    assertThat(memory.path("actor").textValue()).isEqualTo("true");
  }

  @Test
  void objectsAndLists_asJsonText_areAccepted() throws Exception {
    JsonNode memory = stored("{\"content\": \"lenient object\", \"metadata\": \"{\\\"topic\\\": \\\"text\\\"}\"}");
    assertThat(memory.path("metadata").path("topic").textValue()).isEqualTo("text");
    assertThat(json("memory_search", "{\"query\": \"lenient\", \"filter\": \"{\\\"topic\\\": \\\"text\\\"}\"}")
        .path("hits")).hasSize(1);
    assertThat(json("memory_add_batch", "{\"memories\": \"[{\\\"content\\\": \\\"in a text\\\"}]\"}").path("results"))
        .hasSize(1);
    assertThat(
        json("memory_add_batch", "{\"memories\": [\"{\\\"content\\\": \\\"in a text too\\\"}\"]}").path("results")
            .path(0).path("outcome").textValue())
        .isEqualTo("stored");
    assertThat(json("memory_add", "\"{\\\"content\\\": \\\"all of it in a text\\\"}\"").path("outcome").textValue())
        .isEqualTo("stored");
  }

  @Test
  void nulls_areLeftOut() throws Exception {
    JsonNode memory = stored(
        "{\"content\": \"lenient null\", \"actor\": null, \"occurredAt\": null, \"expiresAt\": null, \"key\": null, "
            + "\"metadata\": {\"topic\": null, \"tags\": [\"a\", null], \"n\": 1}}");

    assertThat(memory.path("metadata")).isEqualTo(JSON.readTree("{\"n\":1,\"tags\":[\"a\"]}"));
    assertThat(memory.has("actor")).isFalse();
    assertThat(json("memory_search", "{\"query\": \"lenient null\", \"limit\": null, \"since\": null, \"until\": null, "
        + "\"filter\": {\"n\": 1, \"topic\": null}}").path("hits")).hasSize(1);
    assertThat(json("memory_list", "null").path("memories")).isNotEmpty();
    assertThat(json("memory_list", " null ").path("memories")).isNotEmpty();
  }

  // Times

  @Test
  void search_sinceAndUntil_boundWhenItHappened() throws Exception {
    json("memory_add", "{\"content\": \"the oboe of May\", \"occurredAt\": \"2026-05-04 10:00 +0200\"}");
    json("memory_add", "{\"content\": \"the oboe of June\", \"occurredAt\": \"2026-06-04T10:00:00Z\"}");

    assertThat(json("memory_search",
        "{\"query\": \"oboe\", \"since\": \"2026-05-04T08:00Z\", \"until\": \"2026-06-04\"}")
        .findValuesAsText("content"))
        .containsExactly("the oboe of May");
    assertThat(json("memory_search", "{\"query\": \"oboe\", \"since\": \"2026-05-05\", \"filter\": {}}")
        .findValuesAsText("content")).containsExactly("the oboe of June");
  }

  @Test
  void add_withExpiry_isFoundUntilThen() throws Exception {
    JsonNode lasting = json("memory_add", "{\"content\": \"lasting\", \"expiresAt\": \"2999-01-01\"}");
    JsonNode past = json("memory_add_batch", "{\"memories\": [{\"content\": \"past\", \"expiresAt\": \"2020-01-01\"}]}")
        .path("results").path(0);

    assertThat(json("memory_get", "{\"id\": \"" + lasting.path("id").textValue() + "\"}").path("expiresAt").textValue())
        .isEqualTo("2999-01-01T00:00:00Z");
    assertThat(answer("memory_get", "{\"id\": \"" + past.path("id").textValue() + "\"}"))
        .startsWith("Error: there is no memory");
    assertThat(memory.blocking().history(MemoryId.parse(past.path("id").textValue()))).hasSize(1);
  }
}
