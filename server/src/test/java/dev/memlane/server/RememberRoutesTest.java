package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.extraction.FactCategory;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.OpenAiChatModel;
import dev.memlane.extraction.ProfileKeeper;
import dev.memlane.extraction.TokenBudget;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.TestClient.Answer;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.TestServer;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Remembering over HTTP, by a scripted model, and through the routes of mem0. */
@Tag("programs")
class RememberRoutesTest {

  private static final String REMEMBER = "/api/v1/conversations/remember";
  private static final String DEAD_LETTERS = "/api/v1/conversations/dead-letters";
  private static final String PROFILE = "/api/v1/profile";
  private static final String CHAT = "{\"user\": \"ada\", \"run\": \"7\"}";

  private final ChatProvider provider = ChatProvider.start(new NoteScript());
  private MemoryOrchestrator memory;
  private Database database;
  private OpenAiChatModel model;
  private MemoryExtractor extractor;
  private ProfileKeeper profiles;
  private MemlaneServer server;
  private ApiKeys keys;
  private TestClient client;

  @BeforeEach
  void start(@TempDir Path directory) {
    String url = TestServer.freshDatabase();
    memory = MemoryOrchestrator.builder().postgres(url, null, null).indexDirectory(directory.resolve("index"))
        .embedder(new HashEmbedder()).open();
    database = Database.builder(url).poolSize(4).open();
    model = OpenAiChatModel.at(provider.url(), "test").apiKey(ApiKey.of("sk-test-key")).build();
    extractor = MemoryExtractor.builder(memory, database, model).build();
    profiles = ProfileKeeper.builder(memory, model).build();
    keys = ApiKeys.in(directory.resolve("keys.json"));
    server = MemlaneServer.builder(memory).port(0).keys(keys).extractor(extractor).profiles(profiles).start();
    client = new TestClient(server.uri(), null);
  }

  @AfterEach
  void stop() {
    server.close();
    profiles.close();
    extractor.close();
    model.close();
    memory.close();
    database.close();
    provider.close();
  }

  private void say(String scope, String text) {
    assertThat(client.send("POST", "/api/v1/conversations/messages",
        "{\"scope\": " + scope + ", \"messages\": [{\"role\": \"user\", \"text\": \"" + text + "\"}]}").status())
        .isEqualTo(200);
  }

  private Answer remember(String scope) {
    return client.send("POST", REMEMBER, "{\"scope\": " + scope + "}");
  }

  @Test
  void conversation_isRemembered_andWhatChangesIsSuperseded() {
    say(CHAT, "note: home is Porto");
    JsonNode first = remember(CHAT).json();
    say(CHAT, "note: home is Lisbon");
    JsonNode second = remember(CHAT).json();

    assertThat(first.path("messages").intValue()).isEqualTo(1);
    assertThat(first.at("/facts/0/action").textValue()).isEqualTo("ADD");
    assertThat(first.at("/facts/0/outcome/outcome").textValue()).isEqualTo("stored");
    assertThat(first.at("/usage/calls").intValue()).isEqualTo(1);
    assertThat(second.at("/facts/0/action").textValue()).isEqualTo("SUPERSEDE");
    assertThat(
        client.send("GET", "/api/v1/memories?user=ada", null).json().path("memories").findValuesAsText("content"))
        .containsExactly("home is Lisbon");
    assertThat(remember(CHAT).json().path("messages").intValue()).isZero();
    JsonNode job = client.send("GET", "/api/v1/jobs", null).json().at("/jobs/1");
    assertThat(job.path("kind").textValue()).isEqualTo("remember");
    assertThat(job.at("/result/facts").intValue()).isEqualTo(1);
    assertThat(job.toString()).as("a job is kept, and facts may be erased").doesNotContain("Lisbon");
  }

  @Test
  void conversation_inTheBackground_isAnsweredAtOnce() throws Exception {
    CompletableFuture<Void> held = new CompletableFuture<>();
    provider.next(ChatReply.text("{\"facts\": []}").after(held));
    say(CHAT, "note: home is Porto");

    Answer begun = client.send("POST", REMEMBER, "{\"scope\": " + CHAT + ", \"background\": true}");

    assertThat(begun.status()).isEqualTo(202);
    held.complete(null);
    // Calls for one conversation run one after the other.
    assertThat(extractor.remember(Scope.user("ada").withRun("7")).get(60, TimeUnit.SECONDS).messages())
        .isLessThanOrEqualTo(1);
    assertThat(provider.questions()).hasSize(1);
  }

  @Test
  void answersThatAreNotValid_becomeADeadLetter_whichIsRetriedOrDropped() {
    say(CHAT, "note: home is Porto");
    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    assertThat(remember(CHAT).json().path("deadLetters").intValue()).isEqualTo(1);

    JsonNode dead = client.send("GET", DEAD_LETTERS + "?user=ada", null).json().path("deadLetters");
    assertThat(dead).hasSize(1);
    assertThat(dead.get(0).path("reason").textValue()).contains("not valid, twice");
    String named = "{\"scope\": " + CHAT + ", \"after\": " + dead.get(0).path("after") + "}";

    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    assertThat(client.send("POST", DEAD_LETTERS + "/retry", named).json().path("deadLetters").intValue()).isEqualTo(1);
    assertThat(client.send("POST", DEAD_LETTERS + "/drop", named).json().path("dropped").booleanValue()).isTrue();
    assertThat(client.send("POST", DEAD_LETTERS + "/drop", named).status()).isEqualTo(404);
    assertThat(client.send("GET", DEAD_LETTERS, null).json().path("deadLetters")).isEmpty();

    say(CHAT, "note: job is luthier");
    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    remember(CHAT);
    long after = client.send("GET", DEAD_LETTERS, null).json().at("/deadLetters/0/after").longValue();
    JsonNode retried = client
        .send("POST", DEAD_LETTERS + "/retry", "{\"scope\": " + CHAT + ", \"after\": " + after + "}")
        .json();
    assertThat(retried.at("/facts/0/text").textValue()).isEqualTo("job is luthier");
  }

  @Test
  void profile_isMadeOfTheFacts_andReadWithoutAModel() {
    String ada = "{\"scope\": {\"user\": \"ada\"}}";
    assertThat(client.send("GET", PROFILE + "?user=ada", null).status()).isEqualTo(404);
    assertThat(client.send("POST", PROFILE, ada).json()).isEmpty();
    say(CHAT, "note: home is Porto");
    remember(CHAT);

    JsonNode made = client.send("POST", PROFILE, ada).json();

    assertThat(made.path("text").textValue()).isEqualTo("home is Porto.");
    assertThat(made.path("facts")).hasSize(1);
    assertThat(made.at("/memory/key").textValue()).isEqualTo("memlane.profile");
    JsonNode job = client.send("GET", "/api/v1/jobs", null).json().at("/jobs/0");
    assertThat(job.path("kind").textValue()).isEqualTo("profile");
    assertThat(job.toString()).as("a job is kept, and a profile may be erased").doesNotContain("Porto");
    try (MemlaneServer without = MemlaneServer.builder(memory).port(0).start()) {
      Answer read = new TestClient(without.uri(), null).send("GET", PROFILE + "?user=ada", null);
      assertThat(read.json()).isEqualTo(made);
      assertThat(read.header("ETag")).isEqualTo("\"" + made.at("/memory/op").textValue() + "\"");
    }
  }

  @Test
  void profile_inTheBackground_isAnsweredAtOnce() throws Exception {
    say(CHAT, "note: home is Porto");
    remember(CHAT);
    CompletableFuture<Void> held = new CompletableFuture<>();
    CompletableFuture<Void> asked = new CompletableFuture<>();
    provider.script(question -> {
      asked.complete(null);
      return new NoteScript().apply(question).after(held);
    });

    Answer begun = client.send("POST", PROFILE, "{\"scope\": {\"user\": \"ada\"}, \"background\": true}");

    assertThat(begun.status()).isEqualTo(202);
    asked.get(60, TimeUnit.SECONDS);
    Answer meanwhile = client.send("POST", PROFILE, "{\"scope\": {\"user\": \"ada\"}}");
    assertThat(meanwhile.status()).isEqualTo(503);
    assertThat(meanwhile.text()).contains("is being refreshed already");
    assertThat(client.send("GET", PROFILE + "?user=ada", null).status()).isEqualTo(404);
    held.complete(null);
  }

  @Test
  void modelThatFails_isReported_andTheNextCallGoesOn() {
    say(CHAT, "note: home is Porto");
    provider.deny("sk-test-key");

    Answer failed = remember(CHAT);

    assertThat(failed.status()).as(failed.text()).isEqualTo(502);
    assertThat(failed.text()).contains("model-failed").doesNotContain("sk-test-key");
  }

  @Test
  void budgetUsedUp_isAStatus_andForMem0AProblem() {
    TokenBudget small = TokenBudget.in(database).withTokensADay(6_000);
    try (MemoryExtractor limited = MemoryExtractor.builder(memory, database, model).budget(small).build();
        MemlaneServer second = MemlaneServer.builder(memory).port(0).extractor(limited).start()) {
      int unused = database.writeNow("using up the budget", handle -> handle.execute(
          "insert into token_day (day, tokens) values (cast(now() at time zone 'UTC' as date), 6000)"));
      TestClient poor = new TestClient(second.uri(), null);
      say(CHAT, "note: home is Porto");

      JsonNode report = poor.send("POST", REMEMBER, "{\"scope\": " + CHAT + "}").json();
      Answer mem0 = poor.send("POST", "/v1/memories/",
          "{\"messages\": [{\"role\": \"user\", \"content\": \"note: job is baker\"}], \"user_id\": \"ada\"}");

      assertThat(report.at("/pause/messagesLeft").intValue()).isEqualTo(1);
      assertThat(report.at("/pause/limit").intValue()).isEqualTo(6_000);
      assertThat(report.at("/pause/until").textValue()).endsWith("T00:00:00Z");
      assertThat(mem0.status()).isEqualTo(429);
      assertThat(mem0.json().path("type").textValue()).isEqualTo("urn:memlane:problem:budget-used-up");
      assertThat(mem0.header("Retry-After")).endsWith("00:00:00 GMT");
      assertThat(provider.questions()).isEmpty();
    }
    assertThat(remember(CHAT).json().path("pause").isMissingNode()).isTrue();
  }

  @Test
  void boundKey_reachesNothingOutsideItsScope() {
    say("{\"user\": \"ben\", \"run\": \"7\"}", "note: secret is mine");
    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    remember("{\"user\": \"ben\", \"run\": \"7\"}");
    String key = keys.create("ada", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada"))), null);
    TestClient bound = new TestClient(server.uri(), key);

    for (String scope : List.of("ben", "nobody")) {
      String named = "{\"scope\": {\"user\": \"" + scope + "\", \"run\": \"7\"}, \"after\": 0}";
      assertThat(bound.send("POST", REMEMBER, "{\"scope\": {\"user\": \"" + scope + "\", \"run\": \"7\"}}").status())
          .isEqualTo(403);
      assertThat(bound.send("GET", DEAD_LETTERS + "?user=" + scope, null).status()).isEqualTo(403);
      assertThat(bound.send("GET", PROFILE + "?user=" + scope, null).status()).isEqualTo(403);
      assertThat(bound.send("POST", PROFILE, "{\"scope\": {\"user\": \"" + scope + "\"}}").status()).isEqualTo(403);
      assertThat(bound.send("POST", DEAD_LETTERS + "/retry", named).status()).isEqualTo(403);
      assertThat(bound.send("POST", DEAD_LETTERS + "/drop", named).status()).isEqualTo(403);
      int asked = provider.questions().size();
      for (String route : List.of("/v1/memories/", "/memories")) {
        assertThat(bound.send("POST", route, "{\"messages\": \"note: a is b\", \"infer\": true, \"user_id\": \"" + scope
            + "\"}").status()).isEqualTo(403);
      }
      assertThat(provider.questions()).hasSize(asked);
      assertThat(memory.blocking().conversations().messages(Scope.user(scope).withRun("mem0"), 0, 1).messages())
          .isEmpty();
    }
    assertThat(bound.send("GET", DEAD_LETTERS, null).json().path("deadLetters")).isEmpty();
  }

  @Test
  void keyOfAReader_readsProfiles_andMakesNone() {
    say(CHAT, "note: home is Porto");
    remember(CHAT);
    assertThat(client.send("POST", PROFILE, "{\"scope\": {\"user\": \"ada\"}}").status()).isEqualTo(200);
    int asked = provider.questions().size();
    say(CHAT, "note: home is Faro");
    String key = keys.create("reader", Role.READ, new Grant.Scopes(List.of(Scope.user("ada"))), null);
    TestClient reader = new TestClient(server.uri(), key);

    assertThat(reader.send("GET", PROFILE + "?user=ada", null).json().path("text").textValue())
        .isEqualTo("home is Porto.");
    assertThat(reader.send("POST", PROFILE, "{\"scope\": {\"user\": \"ada\"}}").status()).isEqualTo(403);
    assertThat(reader.send("POST", REMEMBER, "{\"scope\": " + CHAT + "}").status()).isEqualTo(403);
    assertThat(reader.send("POST", "/v1/memories/", "{\"messages\": \"note: a is b\", \"user_id\": \"ada\"}").status())
        .isEqualTo(403);
    assertThat(provider.questions()).hasSize(asked);
  }

  @Test
  void keyBoundToARun_reachesNoFactsOutsideOfIt() {
    say(CHAT, "note: home is Porto");
    provider.next(ChatReply.text("no"), ChatReply.text("the user's other secrets"));
    remember(CHAT);
    say(CHAT, "note: home is Faro");
    int asked = provider.questions().size();
    String ofRun = keys.create("run", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada").withRun("7"))), null);
    TestClient bound = new TestClient(server.uri(), ofRun);

    assertThat(bound.send("POST", REMEMBER, "{\"scope\": " + CHAT + "}").status()).isEqualTo(403);
    assertThat(bound.send("POST", REMEMBER, "{\"scope\": " + CHAT + ", \"mode\": \"both\"}").status()).isEqualTo(403);
    assertThat(bound.send("GET", DEAD_LETTERS, null).text()).doesNotContain("secrets");
    for (String what : List.of("/retry", "/drop")) {
      assertThat(bound.send("POST", DEAD_LETTERS + what, "{\"scope\": " + CHAT + ", \"after\": 0}").status())
          .isEqualTo(403);
    }
    assertThat(
        bound.send("POST", "/v1/memories/", "{\"messages\": [{\"role\": \"user\", \"content\": \"note: a is b\"}], "
            + "\"user_id\": \"ada\", \"run_id\": \"7\"}").status())
        .isEqualTo(403);
    assertThat(provider.questions()).hasSize(asked);
    assertThat(memory.blocking().conversations().messages(Scope.user("ada").withRun("7"), 0, 10).messages())
        .as("nothing was kept of what was refused").hasSize(2);
    TestClient admin = new TestClient(server.uri(), keys.create("admin", Role.ADMIN, new Grant.Everything(), null));
    assertThat(admin.send("GET", DEAD_LETTERS, null).text()).contains("secrets");

    // A conversation of nobody keeps its facts in itself.
    String ofNobody = keys.create("nobody", Role.WRITE, new Grant.Scopes(List.of(Scope.run("8"))), null);
    memory.blocking().conversations().append(Scope.run("8"),
        List.of(NewMessage.of(MessageRole.USER, "note: home is Faro", "text", "")));
    assertThat(
        new TestClient(server.uri(), ofNobody).send("POST", REMEMBER, "{}").json().at("/facts/0/action").textValue())
        .isEqualTo("ADD");
  }

  @Test
  void mode_ofTheRequest_makesMemoriesOfMessagesToo() {
    say(CHAT, "note: home is Porto");

    Answer wrong = client.send("POST", REMEMBER, "{\"scope\": " + CHAT + ", \"mode\": \"all\"}");
    client.send("POST", REMEMBER, "{\"scope\": " + CHAT + ", \"mode\": \"both\"}");

    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.text()).contains("messages, facts or both");
    assertThat(memory.blocking().list(Scope.user("ada"), null, null, 10).memories()).extracting(Memory::content)
        .containsExactlyInAnyOrder("note: home is Porto", "home is Porto");
  }

  @Test
  void instructions_ofTheRequest_goToTheModel_alsoFromMem0() {
    say(CHAT, "note: home is Porto");
    String odd = "Only \\\"homes\\\". {}";

    Answer tooLong = client.send("POST", REMEMBER,
        "{\"scope\": " + CHAT + ", \"instructions\": \"" + "x".repeat(4_001) + "\"}");
    Answer done = client.send("POST", REMEMBER, "{\"scope\": " + CHAT + ", \"instructions\": \"" + odd + "\"}");
    client.send("POST", "/v1/memories/", "{\"messages\": [{\"role\": \"user\", \"content\": \"note: job is baker\"}], "
        + "\"user_id\": \"ada\", \"custom_instructions\": \"Only jobs.\"}");
    Answer tooLongOfMem0 = client.send("POST", "/v1/memories/",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"user_id\": \"ada\", \"custom_instructions\": \""
            + "x".repeat(4_001) + "\"}");

    for (Answer refused : List.of(tooLong, tooLongOfMem0)) {
      assertThat(refused.status()).isEqualTo(400);
      assertThat(refused.text()).contains("the limit is 4000").doesNotContain("xxx");
    }
    assertThat(done.json().path("facts")).hasSize(1);
    List<String> systems = provider.questions().stream().filter(NoteScript::isExtraction)
        .map(question -> question.messages().getFirst().text()).toList();
    assertThat(systems).hasSize(2);
    assertThat(systems.getFirst()).contains("{\"instructions\":\"" + odd + "\"}");
    assertThat(systems.getLast()).contains("{\"instructions\":\"Only jobs.\"}");
    assertThat(client.send("GET", "/api/v1/jobs", null).text()).doesNotContain("homes");
  }

  @Test
  void categories_areInReports_filters_andMem0sField() {
    try (
        MemoryExtractor guided = MemoryExtractor.builder(memory, database, model)
            .categories(List.of(new FactCategory("diet", "What they eat."), new FactCategory("work", "Their job.")))
            .build();
        MemlaneServer other = MemlaneServer.builder(memory).port(0).extractor(guided).start()) {
      TestClient through = new TestClient(other.uri(), null);
      say(CHAT, "note: food is vegan #diet");
      JsonNode report = through.send("POST", REMEMBER, "{\"scope\": " + CHAT + "}").json();
      JsonNode inferred = through.send("POST", "/v1/memories/",
          "{\"messages\": [{\"role\": \"user\", \"content\": \"note: job is baker #work\"}], \"user_id\": \"ada\"}")
          .json();
      JsonNode found = through
          .send("POST", "/api/v1/memories/search", "{\"query\": \"food\", \"scope\": {\"user\": \"ada\"}, "
              + "\"filter\": {\"is\": \"equal\", \"key\": \"fact.categories\", \"value\": \"work\"}}")
          .json();

      assertThat(report.at("/facts/0/categories").toString()).isEqualTo("[\"diet\"]");
      assertThat(inferred.at("/0/categories").toString()).isEqualTo("[\"work\"]");
      assertThat(found.toString()).contains("job is baker").doesNotContain("food is vegan");
      String id = inferred.at("/0/id").textValue();
      assertThat(through.send("GET", "/v1/memories/" + id + "/history/", null).json().at("/0/categories").toString())
          .isEqualTo("[\"work\"]");
    }
  }

  @Test
  void mem0_infersFacts_unlessToldNotTo() {
    String messages = "\"messages\": [{\"role\": \"user\", \"content\": \"note: home is Porto\"}], \"user_id\": \"ada\"";

    JsonNode added = client.send("POST", "/v1/memories/", "{" + messages + "}").json();
    JsonNode changed = client.send("POST", "/memories", "{" + messages.replace("Porto", "Lisbon") + "}").json();
    JsonNode raw = client.send("POST", "/v1/memories/", "{" + messages + ", \"infer\": false}").json();
    Answer refused = client.send("POST", "/v1/memories/", "{" + messages + ", \"metadata\": {\"a\": 1}}");

    assertThat(added.get(0).path("event").textValue()).isEqualTo("ADD");
    assertThat(added.get(0).path("memory").textValue()).isEqualTo("home is Porto");
    assertThat(changed.at("/results/0/event").textValue()).isEqualTo("UPDATE");
    assertThat(changed.at("/results/0/id")).isEqualTo(added.get(0).path("id"));
    assertThat(raw.get(0).path("memory").textValue()).isEqualTo("note: home is Porto");
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.text()).contains("metadata can't be given");
  }

  @Test
  void mem0Request_repeatedWithItsKey_isRememberedOnce() {
    String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"note: home is Porto\"}], \"user_id\": \"ada\"}";
    client.send("POST", "/v1/memories/", body, "Idempotency-Key", "k1");
    client.send("POST", "/v1/memories/", body, "Idempotency-Key", "k1");

    assertThat(provider.questions()).hasSize(1);
    assertThat(client.send("GET", "/api/v1/conversations/messages?user=ada&run=mem0", null).json().path("messages"))
        .hasSize(1);
  }

  @Test
  void mcp_hasTheToolThatRemembers_withinWhatTheKeyReaches() {
    String ofAda = keys.create("ada", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada"))), null);
    String ofRun = keys.create("run", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada").withRun("7"))), null);
    String reading = keys.create("reader", Role.READ, new Grant.Scopes(List.of(Scope.user("ada"))), null);
    Map<String, Object> messages = Map.of("messages", List.of(Map.of("role", "user", "text", "note: home is Porto")));

    try (McpSyncClient mcp = McpTestClient.over(server.uri(), McpTestClient.key(ofRun))) {
      assertThat(McpTestClient.text(McpTestClient.call(mcp, "memory_remember", messages)))
          .contains("these tools reach nothing");
    }
    assertThat(provider.questions()).isEmpty();
    try (McpSyncClient mcp = McpTestClient.over(server.uri(), McpTestClient.key(ofAda))) {
      assertThat(mcp.listTools().tools()).extracting(Tool::name)
          .containsExactlyElementsOf(ToolDefinition.all(true).stream().map(ToolDefinition::name).toList());
      assertThat(McpTestClient.structured(McpTestClient.call(mcp, "memory_remember", messages)).at("/facts/0/content")
          .textValue()).isEqualTo("home is Porto");
    }
    try (McpSyncClient mcp = McpTestClient.over(server.uri(), McpTestClient.key(reading))) {
      assertThat(mcp.listTools().tools()).extracting(Tool::name).doesNotContain("memory_remember");
    }
  }

  @Test
  void serverWithoutAModel_saysSo() {
    try (MemlaneServer without = MemlaneServer.builder(memory).port(0).start()) {
      TestClient plain = new TestClient(without.uri(), null);
      for (Answer answer : List.of(plain.send("POST", REMEMBER, "{\"scope\": " + CHAT + "}"),
          plain.send("GET", DEAD_LETTERS, null),
          plain.send("POST", PROFILE, "{\"scope\": {\"user\": \"ada\"}}"))) {
        assertThat(answer.status()).isEqualTo(501);
        assertThat(answer.text()).contains("without a chat model");
      }
    }
  }
}
