package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.MemoryId;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.extraction.BackgroundRemembering.Counts;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.Fact;
import dev.memlane.extraction.FactChange;
import dev.memlane.extraction.FactSource;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Chats with {@code AiServices} whose facts are remembered, by LangChain4j's client of a server that answers from a script. */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FactsOfChatsTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path directory;

  private final ChatProvider provider = ChatProvider.start(FactsOfChatsTest::reply);
  private MemoryOrchestrator memory;
  private Database database;
  private ChatModel model;
  private MemoryExtractor extractor;
  private final OpenAiChatModel chats = OpenAiChatModel.builder().baseUrl(provider.url()).apiKey("none")
      .modelName("test").maxRetries(0).timeout(Duration.ofSeconds(30)).build();

  /** An assistant as an application declares it. */
  interface Assistant {
    String chat(@MemoryId String conversation, @dev.langchain4j.service.UserMessage String message);
  }

  @BeforeEach
  void open() {
    String url = TestMemories.freshDatabase();
    memory = TestMemories.open(url, directory, new HashEmbedder());
    database = Database.builder(url).open();
    model = LangChain4jChatModel.builder(chats).build();
    extractor = MemoryExtractor.builder(memory, database, model).build();
  }

  @AfterEach
  void close() {
    extractor.close();
    model.close();
    database.close();
    memory.close();
    provider.close();
  }

  /** Notes "I live in X", and says of anything else that it is nice. */
  private static ChatReply reply(ChatQuestion question) {
    String instructions = question.messages().getFirst().text();
    if (!instructions.contains("one JSON object")) {
      return ChatReply.text("How nice!");
    }
    JsonNode data = read(question.asked());
    ObjectNode answer = JSON.createObjectNode();
    if (data.has("facts")) {
      ArrayNode decisions = answer.putArray("decisions");
      for (JsonNode fact : data.get("facts")) {
        decisions.addObject().put("fact", fact.get("number").asInt()).put("action", "supersede")
            .put("known", data.get("known").get(0).get("id").asText()).put("text", fact.get("text").asText());
      }
    } else {
      ArrayNode facts = answer.putArray("facts");
      for (JsonNode message : data.get("messages")) {
        String text = message.get("text").asText();
        if (text.startsWith("I live in ")) {
          facts.addObject().put("text", "The user lives in " + text.substring("I live in ".length()))
              .put("kind", "fact")
              .put("subject", "home").put("importance", 4).putNull("about").putArray("messages")
              .add(message.get("number").asInt());
        }
      }
    }
    return ChatReply.text(answer.toString());
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Memory> facts() {
    return memory.blocking().list(ADA, Fact.filter(), null, 10).memories();
  }

  @Test
  void chat_isRemembered_andALaterOneSupersedesIt() {
    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      Assistant assistant = AiServices.builder(Assistant.class).chatModel(chats)
          .chatMemoryProvider(MemlaneChatMemory.builder(memory).owner(ADA).rememberFacts(background)::build).build();
      assertThat(assistant.chat("monday", "I live in Lisbon")).isEqualTo("How nice!");
    }
    ConversationMessage said = memory.conversations().messages(ADA.withRun("monday"), 0, 10).join().messages()
        .getFirst();
    Memory first = facts().getFirst();
    assertThat(first.content()).isEqualTo("The user lives in Lisbon");
    assertThat(Fact.of(first).orElseThrow().sources())
        .containsExactly(new FactSource(ADA.withRun("monday"), said.id()));

    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      Assistant assistant = AiServices.builder(Assistant.class).chatModel(chats)
          .chatMemoryProvider(MemlaneChatMemory.builder(memory).owner(ADA).rememberFacts(background)::build).build();
      assistant.chat("friday", "I live in Porto");
    }

    assertThat(facts()).singleElement().satisfies(now -> {
      assertThat(now.id()).isEqualTo(first.id());
      assertThat(now.content()).isEqualTo("The user lives in Porto");
      assertThat(Fact.of(now).orElseThrow().change()).isEqualTo(FactChange.SUPERSEDED);
    });
    assertThat(memory.blocking().search(SearchRequest.of("where does the user live", ADA)))
        .extracting(hit -> hit.memory().content()).containsExactly("The user lives in Porto");
  }

  @Test
  void chat_isRememberedAfterTheAnswer_notAfterACallOfATool() {
    BackgroundRemembering background = BackgroundRemembering.of(extractor);
    MemlaneChatMemory chat = MemlaneChatMemory.builder(memory).owner(ADA).rememberFacts(background).build("7");
    chat.add(UserMessage.from("I live in Porto"));
    chat.add(AiMessage.from(List.of(ToolExecutionRequest.builder().id("1").name("look_up").arguments("{}").build())));
    assertThat(background.counts()).isEqualTo(new Counts(0, 0, 0, 0));

    chat.add(AiMessage.from("How nice!"));
    background.close();

    assertThat(background.counts()).isEqualTo(new Counts(1, 0, 0, 0));
    assertThat(facts()).hasSize(1);
  }

  @Test
  void chat_ofAModelThatFails_goesOn_andIsRememberedLater() {
    MemlaneChatMemory.Builder chats = MemlaneChatMemory.builder(memory).owner(ADA);
    provider.next(ChatReply.status(500, "{}"));
    BackgroundRemembering failing = BackgroundRemembering.of(extractor);
    chats.rememberFacts(failing).build("7").add(List.of(UserMessage.from("I live in Porto"), AiMessage.from("Nice")));
    failing.close();
    assertThat(failing.counts()).isEqualTo(new Counts(0, 1, 0, 0));
    assertThat(facts()).isEmpty();

    BackgroundRemembering background = BackgroundRemembering.of(extractor);
    chats.rememberFacts(background).build("7").add(List.of(UserMessage.from("Hello"), AiMessage.from("Hello")));
    background.close();

    assertThat(facts()).extracting(Memory::content).containsExactly("The user lives in Porto");
  }
}
