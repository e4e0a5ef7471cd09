package dev.memlane.memory.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.lanes.Access;
import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneEvent;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Subscription;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemoryToolsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir
  private Path directory;
  private MemoryOrchestrator memory;
  private LaneExecutor lanes;
  private ToolExecutor<String, String> tools;

  @BeforeEach
  void open() {
    memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(directory)
        .embedder(new HashEmbedder()).open();
    lanes = LaneExecutor.builder().build();
    tools = MemoryTools.builder(memory, ADA).actor("agent").build().executor(lanes);
  }

  @AfterEach
  void close() {
    lanes.close();
    memory.close();
  }

  /** The answers to calls of one list; each call is a tool's name and its arguments. */
  private List<String> run(String... toolsAndArguments) throws InterruptedException {
    List<ToolCall<String>> calls = new ArrayList<>();
    for (int i = 0; i < toolsAndArguments.length; i += 2) {
      calls.add(new ToolCall<>("call " + i / 2, toolsAndArguments[i], toolsAndArguments[i + 1]));
    }
    List<ToolResult<String>> results = tools.run(calls);
    assertThat(results).extracting(ToolResult::id).isEqualTo(calls.stream().map(ToolCall::id).toList());
    return results.stream().map(MemoryTools::text).toList();
  }

  private JsonNode answer(String tool, String arguments) throws Exception {
    return JSON.readTree(run(tool, arguments).getFirst());
  }

  private String idOfAdded(String content) throws Exception {
    return answer("memory_add", JSON.createObjectNode().put("content", content).toString()).path("id").textValue();
  }

  private static String id(String id) {
    return "{\"id\": \"" + id + "\"}";
  }

  private static List<String> contents(JsonNode list) {
    List<String> contents = new ArrayList<>();
    list.forEach(one -> contents.add(one.path("content").textValue()));
    return contents;
  }

  // What each does

  @Test
  void add_withAllValues_isStoredAndRead() throws Exception {
    String content = "Ada said: \"naïve\\path\";\n'DROP TABLE memory; --' 🎻";
    ObjectNode arguments = JSON.createObjectNode().put("content", content).put("actor", "Ada")
        .put("occurredAt", "2026-03-02T10:22:00+01:00").put("key", "k/1");
    arguments.putObject("metadata").put("topic", "music").put("importance", 3).put("rating", 4.5).put("live", true)
        .putArray("tags").add("oboe").add("duo");

    JsonNode added = answer("memory_add", arguments.toString());
    JsonNode read = answer("memory_get", id(added.path("id").textValue()));

    assertThat(added.path("outcome").textValue()).isEqualTo("stored");
    assertThat(read.path("content").textValue()).isEqualTo(content);
    assertThat(read.path("actor").textValue()).isEqualTo("Ada");
    assertThat(read.path("occurredAt").textValue()).isEqualTo("2026-03-02T09:22:00Z");
    assertThat(read.path("key").textValue()).isEqualTo("k/1");
    assertThat(read.path("metadata")).isEqualTo(arguments.path("metadata"));
    assertThat(read.path("op")).isEqualTo(added.path("op"));
    JsonNode again = answer("memory_add", "{\"content\": \"something else\", \"key\": \"k/1\"}");
    assertThat(again.path("outcome").textValue()).isEqualTo("duplicate");
    assertThat(again.path("id")).isEqualTo(added.path("id"));
    assertThat(again.path("content").textValue()).isEqualTo(content);
  }

  @Test
  void addBatch_invalidItem_failsAlone() throws Exception {
    JsonNode results = answer("memory_add_batch", """
        {"memories": [{"content": "Ada plays the oboe"}, {"content": " "}, {"text": "wrong name"}, 7,
          {"content": "Ada lives in Porto", "occurredAt": "yesterday"}, {"content": "Ada has a cat", "key": "cat"},
          {"content": "Ada has two cats", "key": "cat"}]}""")
        .path("results");

    assertThat(results).hasSize(7);
    assertThat(results.findValuesAsText("outcome")).containsExactly("stored", "failed", "failed", "failed", "failed",
        "stored", "failed");
    assertThat(results.get(1).path("error").textValue()).contains("the content is empty");
    assertThat(results.get(2).path("error").textValue()).contains("there is no argument \"text\"; there are content");
    assertThat(results.get(3).path("error").textValue()).contains("a memory must be a JSON object");
    assertThat(results.get(4).path("error").textValue()).contains("\"occurredAt\" must be a day or a time");
    assertThat(contents(answer("memory_list", "{}").path("memories"))).containsExactlyInAnyOrder("Ada plays the oboe",
        "Ada has a cat");
  }

  @Test
  void context_isATextOfTheBestMemoriesThatFit() throws Exception {
    run("memory_add_batch", """
        {"memories": [{"content": "a walk by the sea", "occurredAt": "2026-03-02", "metadata": {"topic": "travel"}},
          {"content": "a swim in the sea", "occurredAt": "2026-03-01", "metadata": {"topic": "travel"}},
          {"content": "a painting of the sea", "occurredAt": "2026-03-03", "metadata": {"topic": "art"}}]}""");

    JsonNode context = answer("memory_context",
        "{\"query\": \"sea\", \"filter\": {\"topic\": \"travel\"}, \"until\": \"2026-03-03\"}");
    JsonNode small = answer("memory_context", "{\"query\": \"swim in the sea\", \"tokens\": 14}");

    assertThat(context.path("text").textValue()).isEqualTo("""
        Memories:
        - [2026-03-01] a swim in the sea
        - [2026-03-02] a walk by the sea
        """);
    assertThat(context.path("memories").intValue()).isEqualTo(2);
    assertThat(context.path("leftOut").intValue()).isZero();
    assertThat(small.path("text").textValue()).isEqualTo("Memories:\n- [2026-03-01] a swim in the sea\n");
    assertThat(small.path("leftOut").intValue()).isEqualTo(2);
  }

  @Test
  void search_withFilterAndLimit_findsWhatPasses() throws Exception {
    run("memory_add_batch", """
        {"memories": [{"content": "a walk by the sea", "metadata": {"topic": "travel", "tags": ["sea"]}},
          {"content": "a walk in the hills", "metadata": {"topic": "travel", "tags": ["hills"]}},
          {"content": "a walk to the shop", "metadata": {"topic": "home"}}]}""");

    assertThat(contents(answer("memory_search", """
        {"query": "walk", "filter": {"topic": ["travel", "sport"], "tags": "sea"}}""").path("hits")))
        .containsExactly("a walk by the sea");
    JsonNode hits = answer("memory_search", "{\"query\": \"a walk to the shop\", \"limit\": 1}").path("hits");
    assertThat(contents(hits)).containsExactly("a walk to the shop");
    assertThat(hits.get(0).path("score").doubleValue()).isBetween(0.01, 1.0);
    assertThat(answer("memory_search", "{\"query\": \"walk\", \"filter\": {}}").path("hits")).hasSize(3);
    assertThat(contents(answer("memory_search", """
        {"query": "walk", "filter": {"topic": {"contains": "rave"}, "tags": ["sea", "x"]}}""").path("hits")))
        .containsExactly("a walk by the sea");
  }

  @Test
  void list_pages_showEachMemoryOnce() throws Exception {
    for (int i = 0; i < 5; i++) {
      idOfAdded("memory " + i);
    }
    JsonNode first = answer("memory_list", "{\"limit\": 3}");
    JsonNode second = answer("memory_list", "{\"limit\": 3, \"after\": \"" + first.path("next").textValue() + "\"}");

    assertThat(first.path("memories")).hasSize(3);
    assertThat(second.has("next")).isFalse();
    List<String> all = new ArrayList<>(contents(first.path("memories")));
    all.addAll(contents(second.path("memories")));
    assertThat(all).containsExactly("memory 0", "memory 1", "memory 2", "memory 3", "memory 4");
  }

  @Test
  void update_ofActorAndTimes_setsAndClearsThem() throws Exception {
    String id = answer("memory_add", """
        {"content": "moves to Porto", "actor": "Ada", "occurredAt": "2026-03-02"}""").path("id").textValue();

    answer("memory_update",
        "{\"id\": \"" + id + "\", \"actor\": \"Bob\", \"expiresAt\": \"2999-01-01\", \"clear\": [\"occurredAt\"]}");

    JsonNode read = answer("memory_get", id(id));
    assertThat(read.path("actor").textValue()).isEqualTo("Bob");
    assertThat(read.has("occurredAt")).isFalse();
    JsonNode entry = answer("memory_history", id(id)).path("history").get(1);
    assertThat(entry.path("oldDetails")).isEqualTo(JSON.readTree("""
        {"actor": "Ada", "occurredAt": "2026-03-02T00:00:00Z"}"""));
    assertThat(entry.path("newDetails")).isEqualTo(JSON.readTree("""
        {"actor": "Bob", "expiresAt": "2999-01-01T00:00:00Z"}"""));
    assertThat(run("memory_update", "{\"id\": \"" + id + "\", \"clear\": [\"content\"]}").getFirst())
        .contains("\"clear\" must be a list of actor, expiresAt, occurredAt");
    assertThat(run("memory_update", "{\"id\": \"" + id + "\", \"actor\": \"Eve\", \"clear\": [\"actor\"]}").getFirst())
        .contains("leave one out");
  }

  @Test
  void updateAndDelete_keepTheHistory_andCheckTheExpectedState() throws Exception {
    JsonNode added = answer("memory_add", "{\"content\": \"Ada lives in Porto\"}");
    String id = added.path("id").textValue();
    String expected = "\", \"op\": \"" + added.path("op").textValue() + "\"";

    JsonNode updated = answer("memory_update",
        "{\"id\": \"" + id + expected + ", \"content\": \"Ada lives in Lisbon\"}");
    assertThat(updated.path("version").intValue()).isEqualTo(2);
    assertThat(run("memory_update", "{\"id\": \"" + id + expected + ", \"content\": \"too late\"}").getFirst())
        .startsWith("Error: memory " + id + " has been changed since it was read").endsWith("get it again, and decide");
    assertThat(run("memory_delete", "{\"id\": \"" + id + expected + "}").getFirst()).contains("has been changed");
    answer("memory_update", "{\"id\": \"" + id + "\", \"metadata\": {\"topic\": \"home\"}}");

    JsonNode history = answer("memory_history", id(id)).path("history");
    assertThat(history.findValuesAsText("kind")).containsExactly("add", "update", "update");
    assertThat(history.get(1).path("oldContent").textValue()).isEqualTo("Ada lives in Porto");
    assertThat(history.get(1).path("actor").textValue()).isEqualTo("agent");
    assertThat(history.get(2).path("newMetadata").path("topic").textValue()).isEqualTo("home");
    JsonNode latest = answer("memory_history", "{\"id\": \"" + id + "\", \"limit\": 2}");
    assertThat(latest.path("history").findValuesAsText("version")).containsExactly("2", "3");
    assertThat(answer("memory_history", "{\"id\": \"" + id + "\", \"before\": " + latest.path("next") + "}"))
        .isEqualTo(JSON.createObjectNode().set("history", JSON.createArrayNode().add(history.get(0))));
    assertThat(answer("memory_delete", id(id)).path("outcome").textValue()).isEqualTo("deleted");
    assertThat(run("memory_get", id(id), "memory_history", id(id), "memory_delete", id(id)))
        .allSatisfy(text -> assertThat(text).startsWith("Error: there is no memory " + id));
  }

  // Whose

  @Test
  void otherScopes_areOutOfReach_evenById() throws Exception {
    String foreign = memory.blocking().addMemory(NewMemory.of("Bob's secret", Scope.user("bob"))).id().toString();

    assertThat(run("memory_get", id(foreign), "memory_history", id(foreign), "memory_delete", id(foreign),
        "memory_update", "{\"id\": \"" + foreign + "\", \"content\": \"mine\"}"))
        .allSatisfy(text -> assertThat(text).startsWith("Error: there is no memory " + foreign)
            .doesNotContain("secret"));
    assertThat(answer("memory_search", "{\"query\": \"Bob's secret\"}").path("hits")).isEmpty();
    assertThat(answer("memory_list", "{}").path("memories")).isEmpty();
    assertThat(memory.blocking().get(MemoryId.parse(foreign))).get()
        .satisfies(left -> assertThat(left.content()).isEqualTo("Bob's secret"));
  }

  @Test
  void searching_allRunsOfAUser_whileStoringInOne() throws Exception {
    idOfAdded("Ada plays the oboe");
    MemoryTools inARun = MemoryTools.builder(memory, ADA.withRun("7")).searching(ADA).build();
    tools = inARun.executor(lanes);
    String id = idOfAdded("Ada plays in a duo");

    assertThat(memory.blocking().get(MemoryId.parse(id)).orElseThrow().scope()).isEqualTo(ADA.withRun("7"));
    assertThat(answer("memory_search", "{\"query\": \"Ada plays\"}").path("hits")).hasSize(2);
    assertThat(inARun).hasToString("MemoryTools[user=ada, run=7, searching user=ada]");
    assertThatThrownBy(() -> MemoryTools.builder(memory, ADA).actor(" ").build()).hasMessageContaining("the actor");
    assertThatThrownBy(() -> MemoryTools.builder(memory, ADA).searching(Scope.user("bob")).build())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("would not be found in scope user=bob");
  }

  // Order

  @Test
  void callsOfOneList_seeEarlierEffects_andNoLaterOnes() throws Exception {
    String id = MemoryId.derive(ADA, "home").toString();

    List<String> answers = run("memory_search", "{\"query\": \"Porto Lisbon\"}",
        "memory_add", "{\"content\": \"Ada lives in Porto\", \"key\": \"home\"}",
        "memory_get", id(id),
        "memory_search", "{\"query\": \"Porto Lisbon\"}",
        "memory_update", "{\"id\": \"" + id + "\", \"content\": \"Ada lives in Lisbon\"}",
        "memory_list", "{}",
        "memory_delete", id(id),
        "memory_search", "{\"query\": \"Porto Lisbon\"}",
        "memory_history", id(id));

    assertThat(answers.get(0)).isEqualTo("{\"hits\":[]}");
    assertThat(answers.get(2)).contains("Ada lives in Porto");
    assertThat(answers.get(3)).contains("Ada lives in Porto");
    assertThat(answers.get(5)).contains("Ada lives in Lisbon").doesNotContain("Porto");
    assertThat(answers.get(7)).isEqualTo("{\"hits\":[]}");
    assertThat(answers.get(8)).startsWith("Error: there is no memory");
  }

  @Test
  void addsOfSeveralCalls_areOneBatch_upToAConflictingCall() throws Exception {
    BlockingQueue<String> submitted = new LinkedBlockingQueue<>();
    try (Subscription subscription = lanes.subscribe(event -> event instanceof LaneEvent.Submitted,
        event -> submitted.add(((LaneEvent.Submitted) event).task()))) {
      List<String> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        calls.addAll(List.of("memory_add", "{\"content\": \"memory " + i + "\"}"));
      }
      calls.addAll(List.of("memory_search", "{\"query\": \"memory\", \"limit\": 100}", "memory_add",
          "{\"content\": \"the last memory\"}"));

      List<String> answers = run(calls.toArray(String[]::new));

      assertThat(JSON.readTree(answers.get(20)).path("hits")).hasSize(20);
      assertThat(answers.subList(0, 20)).doesNotHaveDuplicates()
          .allSatisfy(answer -> assertThat(answer).startsWith("{\"outcome\":\"stored\""));
      List<String> tasks = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        tasks.add(submitted.poll(30, TimeUnit.SECONDS));
      }
      assertThat(tasks).containsExactly("memory_add", "memory_search", "memory_add");
      assertThat(subscription.dropped()).isZero();
    }
    assertThat(memory.blocking().verify(false).inconsistencies()).isEmpty();
  }

  // Answers to the model

  @Test
  void errors_sayWhatIsWrongAndWhatToDo() throws Exception {
    assertThat(run("memory_add", "{\"content\": [7]}", "memory_add", "{}", "memory_add", "{\"contents\": \"x\"}",
        "memory_add", "not JSON", "memory_add", "[]", "memory_add", "", "memory_get", "{\"id\": \"7\"}",
        "memory_search", "{\"query\": \"x\", \"limit\": 1000}", "memory_search", "{\"query\": \"x\", \"limit\": 1.5}",
        "memory_search", "{\"query\": \"x\", \"filter\": \"y\"}", "memory_search", "{\"query\": \"\"}",
        "memory_update", "{\"id\": \"0198c5a2-7c1e-7a50-9d53-0242ac120002\"}", "memory_add_batch", "{\"memories\": []}",
        "memory_forget", "{}", "memory_add", "{\"content\": \"a\", \"content\": \"b\"}",
        "memory_add", "{\"content\": \"a\", \"metadata\": {\"deep\": {\"er\": 1}}}"))
        .satisfiesExactly(text -> assertThat(text).isEqualTo("Error: \"content\" must be a text"),
            text -> assertThat(text).isEqualTo("Error: \"content\" is missing; it must be a text"),
            text -> assertThat(text).isEqualTo("Error: there is no argument \"contents\"; there are content, actor, "
                + "occurredAt, expiresAt, metadata, key"),
            text -> assertThat(text)
                .startsWith("Error: the arguments are not one JSON object: they can't be read (column "),
            text -> assertThat(text).isEqualTo("Error: the arguments must be a JSON object"),
            text -> assertThat(text).isEqualTo("Error: \"content\" is missing; it must be a text"),
            text -> assertThat(text).startsWith("Error: \"7\" is no memory id; an id looks like "),
            text -> assertThat(text).isEqualTo("Error: \"limit\" must be a whole number from 1 to 100"),
            text -> assertThat(text).isEqualTo("Error: \"limit\" must be a whole number from 1 to 100"),
            text -> assertThat(text).isEqualTo("Error: \"filter\" must be an object of names and values"),
            text -> assertThat(text).isEqualTo("Error: the query is empty; say what to search for"),
            text -> assertThat(text).startsWith("Error: the update changes nothing"),
            text -> assertThat(text).isEqualTo("Error: \"memories\" must be a list of 1 to 1000 objects"),
            text -> assertThat(text).startsWith("Error: there is no tool memory_forget; there are memory_add, "),
            text -> assertThat(text)
                .startsWith("Error: the arguments are not one JSON object: \"content\" is there twice"),
            text -> assertThat(text).isEqualTo("Error: \"deep\" in \"metadata\" must be a text, a number up to 2^53, "
                + "a boolean, or a list of those"));
    assertThat(run("memory_search", "{\"query\": \"x\", \"filter\": {\"topic\": {\"contains\": \"\"}}}", "memory_list",
        "{\"filter\": {\"topic\": {\"contains\": 7}}}")).satisfiesExactly(
            text -> assertThat(text).startsWith("Error: the text that \"topic\" must contain is empty"),
            text -> assertThat(text).isEqualTo("Error: \"topic\" in \"filter\" must be a text, a number up to 2^53, "
                + "a boolean, a list of those, or {\"contains\": \"text\"}"));
    assertThat(run("memory_add", "{\"content\": \"cut off\"", "memory_add", "{\"content\": \"a\"} {\"content\": \"b\"}",
        "memory_add", "{\"content\": \"a\", \"metadata\": {\"n\": 123456789012345678901234567890}}",
        "memory_search", "{\"query\": \"x\", \"filter\": {\"topic\": [\"y\", {}]}}",
        "memory_update", "{\"id\": \"0198c5a2-7c1e-7a50-9d53-0242ac120002\", \"content\": \"x\", \"op\": \"y\"}"))
        .satisfiesExactly(text -> assertThat(text).contains("they end too early"),
            text -> assertThat(text).contains("something follows it"),
            text -> assertThat(text).contains("\"n\" in \"metadata\" must be"),
            text -> assertThat(text).contains("\"topic\" in \"filter\" must be"),
            text -> assertThat(text).contains("\"op\" must be the op of the memory as it was read"));
    assertThat(lanes.deadLetters()).as("a mistake of the model is no dead letter").isEmpty();
    assertThat(lanes.stats()).allSatisfy(stats -> assertThat(stats.retries() + stats.failed()).isZero());
    assertThat(answer("memory_list", "").path("memories")).isEmpty();
  }

  @Test
  void failures_ofTheSystem_revealNothing() {
    Throwable secret = new StoreException("jdbc:postgresql://db/x?password=hunter2 refused", null);
    MemoryId id = MemoryId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120002");
    OperationId op = new OperationId(UUID.randomUUID());

    assertThat(FailureMessages.describe(new IllegalStateException("hunter2")))
        .isEqualTo(
            "the tool itself failed, and not because of its arguments; it may have been done all the same: "
                + "check before you try again");
    assertThat(List.of(FailureMessages.describe(secret),
        FailureMessages.describe(new WriteOutcome.Refused("embedder at hunter2 failed", secret)),
        FailureMessages.describe(new WriteOutcome.RolledBack(id, op, secret, null)),
        FailureMessages.describe(new WriteOutcome.Unsettled(id, op, secret, null)))).doesNotHaveDuplicates()
        .allSatisfy(text -> assertThat(text).doesNotContain("hunter2").containsPattern("try(ing)? again"));
  }

  @Test
  void failures_ofLanes_areExplainedInPlainWords() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Tool<String, String> slow = Tool.<String, String>of("slow", arguments -> {
      never.await();
      return "";
    }).lane("slow").accessing(arguments -> Access.nothing());
    Tool<String, String> broken = Tool.<String, String>of("broken", arguments -> {
      throw new IllegalStateException("hunter2");
    }).lane("slow").accessing(arguments -> {
      throw new IllegalStateException("hunter2");
    });
    List<String> answers = new ArrayList<>();
    try (LaneExecutor few = LaneExecutor.builder()
        .lane(Lane.of("slow").concurrency(1).queueBound(1).timeout(Duration.ofMillis(200))).build()) {
      ToolExecutor<String, String> executor = ToolExecutor.of(few, List.of(slow, broken));
      // One runs and one waits, so that there is no place for the others.
      executor.run(List.of(new ToolCall<>("1", "slow", ""), new ToolCall<>("2", "slow", ""),
          new ToolCall<>("3", "slow", ""), new ToolCall<>("4", "broken", "")))
          .forEach(result -> answers.add(MemoryTools.text(result)));
      few.shutdown(Duration.ZERO);
      executor.run(List.of(new ToolCall<>("5", "slow", ""))).forEach(result -> answers.add(MemoryTools.text(result)));
    }

    assertThat(answers).anyMatch(answer -> answer.startsWith("Error: it took too long"))
        .anyMatch(answer -> answer.startsWith("Error: too many calls are waiting already"))
        .anyMatch(answer -> answer.startsWith("Error: the tools are being shut down"))
        .anyMatch(answer -> answer.startsWith("Error: the tool itself failed"))
        .allSatisfy(PlainMessages::assertPlain).noneMatch(answer -> answer.contains("hunter2"));
  }

  @Test
  void failures_ofEachOutcome_areExplainedInPlainWords() {
    Throwable down = new StoreException("org.postgresql.util.PSQLException: hunter2", null);
    MemoryId id = MemoryId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120002");
    OperationId op = new OperationId(UUID.randomUUID());

    assertThat(Stream.of(new WriteOutcome.Conflict(id, op, op),
        new WriteOutcome.NotFound(id), new WriteOutcome.WasDeleted(id, op), new WriteOutcome.Unpurged(id, op, down),
        new WriteOutcome.RolledBack(id, op, down, null), new WriteOutcome.Unsettled(id, op, down, null),
        new WriteOutcome.Refused("closed", down), new WriteOutcome.Refused("x", new InvalidInputException("too long")),
        new WriteOutcome.Deleted(id, op, 2)).map(FailureMessages::describe)).doesNotHaveDuplicates()
        .allSatisfy(PlainMessages::assertPlain).noneMatch(said -> said.contains("hunter2"));
  }

  @Test
  void failures_areTemporary_onlyIfNothingWasWritten() {
    Throwable down = new StoreException("down", null);
    MemoryId id = MemoryId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120002");
    OperationId op = new OperationId(UUID.randomUUID());

    assertThat(List.<WriteOutcome>of(new WriteOutcome.Refused("closed", down),
        new WriteOutcome.RolledBack(id, op, down, null)))
        .allMatch(FailureMessages::isTemporary);
    assertThat(List.<WriteOutcome>of(new WriteOutcome.Unsettled(id, op, down, null),
        new WriteOutcome.Refused("too long", new InvalidInputException("too long")),
        new WriteOutcome.WasDeleted(id, op)))
        .noneMatch(FailureMessages::isTemporary);
  }

  @Test
  void closedMemory_isReportedToTheModel() throws Exception {
    memory.close();

    assertThat(run("memory_add", "{\"content\": \"x\"}", "memory_add", "{\"content\": \"y\"}", "memory_add_batch",
        "{\"memories\": [{\"content\": \"x\"}]}", "memory_search", "{\"query\": \"x\"}"))
        .allSatisfy(text -> assertThat(text).startsWith("Error: "));

    assertThat(lanes.deadLetters()).extracting(letter -> letter.task().name())
        .containsExactlyInAnyOrder("memory_add", "memory_add_batch", "memory_search");
  }

  @Test
  void definitions_listEveryToolAndItsArguments() throws Exception {
    MemoryTools described = MemoryTools.of(memory, ADA);

    assertThat(described.definitions()).extracting(ToolDefinition::name)
        .containsExactlyElementsOf(described.tools().stream().map(Tool::name).toList());
    assertThat(described.tools().stream().filter(tool -> tool.lane().equals("query")).map(Tool::name)).containsExactly(
        "memory_search", "memory_context", "memory_get", "memory_list", "memory_history");
    assertThat(described.tools()).allSatisfy(
        tool -> assertThat(tool.idempotent()).as(tool.name()).isEqualTo(tool.lane().equals("query")));
    for (ToolDefinition definition : described.definitions()) {
      assertThat(definition.description()).hasSizeBetween(20, 400);
      JsonNode schema = JSON.readTree(definition.schema());
      assertThat(schema.path("type").textValue()).isEqualTo("object");
      assertThat(schema.path("additionalProperties").booleanValue()).isFalse();
      schema.path("required").forEach(name -> assertThat(schema.path("properties").has(name.textValue())).isTrue());
      schema.path("properties").forEach(property -> assertThat(property.path("type").isTextual()).isTrue());
    }
  }

  @Test
  void definitions_sayWhichToolsReadAndWhichReplaceOrDelete() {
    List<ToolDefinition> definitions = ToolDefinition.all();

    assertThat(definitions).isEqualTo(MemoryTools.of(memory, ADA).definitions());
    assertThat(definitions.stream().filter(ToolDefinition::readOnly).map(ToolDefinition::name))
        .containsExactly("memory_search", "memory_context", "memory_get", "memory_list", "memory_history");
    assertThat(definitions.stream().filter(ToolDefinition::destructive).map(ToolDefinition::name))
        .containsExactly("memory_update", "memory_delete");
    assertThat(definitions).allSatisfy(tool -> {
      assertThat(tool.idempotent()).isEqualTo(tool.readOnly() || tool.name().equals("memory_delete"));
      assertThat(tool.title()).hasSizeBetween(5, 40);
    });
  }

  @Test
  void answers_haveTheFieldsOfTheirSchemas() throws Exception {
    String all = "\"content\": \"Ada plays the oboe\", \"actor\": \"Ada\", \"occurredAt\": \"2026-03-02\", "
        + "\"expiresAt\": \"2100-01-01\", \"metadata\": {\"topic\": \"music\"}, \"key\": \"k\"";
    String id = conforming("memory_add", "{" + all + "}").path("id").textValue();
    conforming("memory_add", "{" + all + "}");
    conforming("memory_add", "{\"content\": \"Ada plays the cello\"}");
    conforming("memory_add_batch",
        "{\"memories\": [{" + all + "}, {\"content\": \"one\"}, {\"content\": \"two\", \"expiresAt\": \"never\"}]}");
    conforming("memory_update",
        "{\"id\": \"" + id + "\", \"content\": \"Ada plays the flute\", \"metadata\": {\"topic\": "
            + "\"flute\"}, \"clear\": [\"actor\", \"occurredAt\", \"expiresAt\"]}");
    conforming("memory_search", "{\"query\": \"what does Ada play?\"}");
    conforming("memory_context", "{\"query\": \"what does Ada play?\", \"tokens\": 30}");
    conforming("memory_get", id(id));
    conforming("memory_list", "{\"limit\": 1}");
    conforming("memory_list", "{\"limit\": 1, \"order\": \"newest\"}");
    conforming("memory_history", "{\"id\": \"" + id + "\", \"limit\": 1}");
    conforming("memory_history", id(id));
    conforming("memory_delete", id(id));
  }

  private JsonNode conforming(String tool, String arguments) throws Exception {
    JsonNode schema = JSON.readTree(MemoryTools.of(memory, ADA).definitions().stream()
        .filter(definition -> definition.name().equals(tool)).findFirst().orElseThrow().resultSchema());
    JsonNode answer = answer(tool, arguments);
    assertConforms(answer, schema, tool);
    return answer;
  }

  /** Checks what the schemas use: types, properties, required ones, items and enumerations. */
  private static void assertConforms(JsonNode value, JsonNode schema, String where) {
    assertThat(switch (schema.path("type").textValue()) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      default -> false;
    }).as(where + ": " + value).isTrue();
    schema.path("required").forEach(name -> assertThat(value.has(name.textValue())).as(where + ": " + name).isTrue());
    if (schema.has("enum")) {
      assertThat(schema.path("enum")).as(where).contains(value);
    }
    if (schema.has("properties")) {
      value.properties().forEach(property -> {
        assertThat(schema.path("properties").has(property.getKey())).as(where + ": " + property.getKey()).isTrue();
        assertConforms(property.getValue(), schema.path("properties").path(property.getKey()),
            where + "." + property.getKey());
      });
    }
    value.forEach(element -> {
      if (value.isArray()) {
        assertConforms(element, schema.path("items"), where + "[]");
      }
    });
  }

  @Test
  void list_byTime_isInThatOrderPageByPage() throws Exception {
    for (String day : List.of("2026-03-02", "2026-03-01", "2026-03-03")) {
      run("memory_add", "{\"content\": \"on " + day + "\", \"occurredAt\": \"" + day + "\"}");
    }

    JsonNode first = answer("memory_list", "{\"order\": \"newest\", \"limit\": 2}");
    JsonNode second = answer("memory_list",
        "{\"order\": \"newest\", \"after\": \"" + first.path("next").textValue() + "\"}");

    assertThat(contents(first.path("memories"))).containsExactly("on 2026-03-03", "on 2026-03-02");
    assertThat(contents(second.path("memories"))).containsExactly("on 2026-03-01");
    assertThat(second.has("next")).isFalse();
    assertThat(contents(answer("memory_list", "{\"order\": \"oldest\", \"limit\": 1}").path("memories")))
        .containsExactly("on 2026-03-01");
    assertThat(run("memory_list", "{\"order\": \"best\"}").getFirst()).isEqualTo(
        "Error: \"order\" must be newest or oldest");
    assertThat(run("memory_list", "{\"order\": \"newest\", \"after\": \"x\"}").getFirst())
        .startsWith("Error: \"x\" is no position in a list by time");
  }

  @Test
  void asOf_readsTheStatesOfThatTime() throws Exception {
    String id = idOfAdded("Ada lives in Porto");
    String then = answer("memory_get", id(id)).path("updatedAt").textValue();
    answer("memory_update", "{\"id\": \"" + id + "\", \"content\": \"Ada lives in Lisbon\"}");
    answer("memory_add", "{\"content\": \"Ada lives well\"}");
    String asOf = "\"asOf\": \"" + then + "\"";

    assertThat(
        contents(conforming("memory_search", "{\"query\": \"where does Ada live?\", " + asOf + "}").path("hits")))
        .containsExactly("Ada lives in Porto");
    assertThat(contents(conforming("memory_list", "{" + asOf + "}").path("memories")))
        .containsExactly("Ada lives in Porto");
    assertThat(answer("memory_context", "{\"query\": \"where does Ada live?\", " + asOf + "}").path("text").textValue())
        .contains("Porto").doesNotContain("Lisbon");
    // Many models write names with underscores.
    assertThat(contents(answer("memory_list", "{\"as_of\": \"" + then + "\"}").path("memories")))
        .containsExactly("Ada lives in Porto");
    assertThat(contents(answer("memory_list", "{\"as_of\": \"2020-01-01\"}").path("memories"))).isEmpty();
    assertThat(run("memory_list", "{\"order\": \"newest\", " + asOf + "}").getFirst())
        .startsWith("Error: memories as of a time are listed without");
    assertThat(run("memory_search", "{\"query\": \"x\", \"asOf\": \"yesterday\"}").getFirst())
        .startsWith("Error: \"asOf\"");
    assertThat(run("memory_list", "{\"as_off\": \"2020-01-01\"}").getFirst())
        .contains("there is no argument \"as_off\"");
  }
}
