package dev.memlane.langchain4j;

import static dev.langchain4j.store.embedding.filter.MetadataFilterBuilder.metadataKey;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.invocation.InvocationContext;
import dev.langchain4j.invocation.InvocationParameters;
import dev.langchain4j.memory.chat.ChatMemoryProvider;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import dev.langchain4j.rag.query.Query;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.filter.Filter;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.Fact;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMemory;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The five uses that the documentation shows: the code here is the code there, and it works. */
@Tag("programs")
class DocumentedUsesTest {

  private static final Path PAGE = Path.of("..", "..", "docs", "integrations", "langchain4j.md");
  private static final Path THIS = Path.of("src", "test", "java",
      DocumentedUsesTest.class.getName().replace('.', '/') + ".java");

  @TempDir
  private static Path directory;

  private static String url;
  private static MemoryOrchestrator memory;

  @BeforeAll
  static void open() {
    url = TestMemories.freshDatabase();
    memory = TestMemories.open(url, directory, new HashEmbedder());
    memory.blocking().addMemory(NewMemory.builder("Ada travelled to Lisbon", Scope.user("ada"))
        .metadata("topic", "travel").metadata("year", 2026).build());
    memory.blocking().addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada")));
  }

  @AfterAll
  static void close() {
    memory.close();
  }

  @Test
  void chatMemory_works() {
    // begin: Chat memory
    ChatMemoryProvider chatMemories = MemlaneChatMemory.builder(memory)
        .owner(Scope.user("ada")).maxMessages(20).rememberEvicted(true)::build;
    // end
    chatMemories.get("7").add(UserMessage.from("Hello"));
    assertThat(chatMemories.get("7").messages()).containsExactly(UserMessage.from("Hello"));
  }

  @Test
  void retriever_works() {
    // begin: Retriever
    ContentRetriever retriever = MemlaneContentRetriever.builder(memory)
        .user(MemlaneContentRetriever.parameter("user")).limit(5).minWords(1)
        .search((query, search) -> search.recency(Duration.ofDays(30)))
        .build();
    // end
    Query query = Query.from("oboe",
        dev.langchain4j.rag.query.Metadata.builder().chatMessage(UserMessage.from("oboe")).invocationContext(
            InvocationContext.builder().invocationParameters(InvocationParameters.from("user", "ada")).build())
            .build());
    assertThat(retriever.retrieve(query)).hasSize(1);
  }

  @Test
  void embeddingStore_works() {
    EmbeddingModel embeddingModel = TestMemories.model(new HashEmbedder());
    List<TextSegment> segments = List.of(TextSegment.from("Holidays", new Metadata().put("page", 7)));
    // begin: Embedding store
    EmbeddingStore<TextSegment> store = MemlaneEmbeddingStore.of(memory, Scope.agent("handbook"));
    store.addAll(embeddingModel.embedAll(segments).content(), segments);
    // end
    assertThat(store.search(EmbeddingSearchRequest.builder().queryEmbedding(TestMemories.vector("Holidays"))
        .build()).matches()).extracting(match -> match.embedded()).isEqualTo(segments);
  }

  // begin: Tools
  List<ToolExecutionResultMessage> answers(AiMessage reply, MemlaneTools tools) {
    return tools.execute(reply.toolExecutionRequests());
  }
  // end

  @Test
  void tools_work() {
    try (LaneExecutor lanes = LaneExecutor.builder().build()) {
      AiMessage reply = AiMessage.from(List.of(
          ToolExecutionRequest.builder().id("1").name("memory_search").arguments("{\"query\": \"oboe\"}").build()));

      assertThat(answers(reply, MemlaneTools.of(memory, lanes, Scope.user("ada"))).getFirst().text())
          .contains("Ada plays the oboe");
    }
  }

  @Test
  void filters_work() {
    // begin: Filters
    Filter recent = metadataKey("topic").isEqualTo("travel").and(metadataKey("year").isGreaterThan(2024));
    ContentRetriever travel = MemlaneContentRetriever.builder(memory).scope(Scope.user("ada")).filter(recent).build();
    // end
    assertThat(travel.retrieve(Query.from("Ada"))).hasSize(1);
  }

  @Test
  void chatModel_works() {
    memory.blocking().conversations().append(Scope.user("ada").withRun("monday"),
        List.of(NewMessage.of(MessageRole.USER, "We moved to Porto.", "text", "")));
    try (Database database = Database.builder(url).open()) {
      dev.langchain4j.model.chat.ChatModel chatModel = new dev.langchain4j.model.chat.ChatModel() {
        @Override
        public ChatResponse doChat(ChatRequest request) {
          return ChatResponse.builder().aiMessage(AiMessage.from("""
              {"facts": [{"text": "Ada lives in Porto.", "kind": "fact", "subject": "Ada's home", "importance": 4,
              "messages": [1], "about": null}]}""")).build();
        }
      };
      // shown
      try (ChatModel model = LangChain4jChatModel.builder(chatModel).build();
          MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).build()) {
        extractor.remember(Scope.user("ada").withRun("monday")).join();
      }
      // end
    }
    assertThat(memory.blocking().list(Scope.user("ada"), Fact.filter(), null, 10).memories())
        .extracting(Memory::content).containsExactly("Ada lives in Porto.");
  }

  @Test
  void facts_work() {
    dev.langchain4j.model.chat.ChatModel chatModel = new dev.langchain4j.model.chat.ChatModel() {
      @Override
      public ChatResponse doChat(ChatRequest request) {
        return ChatResponse.builder().aiMessage(AiMessage.from("{\"facts\": []}")).build();
      }
    };
    try (Database database = Database.builder(url).open();
        ChatModel model = LangChain4jChatModel.builder(chatModel).build();
        MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).build()) {
      // shown
      try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
        ChatMemoryProvider remembering = MemlaneChatMemory.builder(memory)
            .owner(Scope.user("ada")).rememberFacts(background)::build;
        remembering.get("8").add(List.of(UserMessage.from("We moved to Porto."), AiMessage.from("How nice!")));
      }
      // end
      assertThat(extractor.remember(Scope.user("ada").withRun("8")).join().messages()).isZero();
    }
  }

  @Test
  void page_hasWhatElseIsShown() throws IOException {
    String page = Files.readString(PAGE);
    List<String> shown = Pattern.compile("// shown\n(.*?)\n *// end", Pattern.DOTALL)
        .matcher(Files.readString(THIS)).results().map(snippet -> snippet.group(1).stripIndent()).toList();
    assertThat(shown).hasSize(2).allSatisfy(code -> assertThat(page).contains("```java\n" + code + "\n```\n"));
  }

  @Test
  void page_hasThisCode_andCountsItsLines() throws IOException {
    String page = Files.readString(PAGE);
    int sum = 0;
    List<String> uses = new ArrayList<>();
    Matcher snippet = Pattern.compile("// begin: ([^\n]+)\n(.*?)\n *// end", Pattern.DOTALL)
        .matcher(Files.readString(THIS));
    while (snippet.find()) {
      String code = snippet.group(2).stripIndent();
      uses.add(snippet.group(1));
      assertThat(page).contains("### " + snippet.group(1) + "\n\n```java\n" + code + "\n```\n");
      int lines = (int) code.lines().filter(line -> !line.isBlank()).count();
      assertThat(page.lines()).as(snippet.group(1)).filteredOn(
          line -> line.matches("\\| " + snippet.group(1).toLowerCase(Locale.ROOT) + " \\| \\d+ \\| " + lines
              + " \\|"))
          .hasSize(1);
      sum += lines;
    }
    assertThat(uses).containsExactly("Chat memory", "Retriever", "Embedding store", "Tools", "Filters");
    assertThat(page).contains("| together | 268 | " + sum + " |");
  }
}
