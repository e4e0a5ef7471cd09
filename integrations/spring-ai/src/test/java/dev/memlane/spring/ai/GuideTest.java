package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.Embedder;
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
import dev.memlane.model.TimeOrder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.VectorStore;

/** The examples of docs/integrations/spring-ai.md, which has them word for word. */
@Tag("programs")
class GuideTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Path GUIDE = Path.of("../../docs/integrations/spring-ai.md");
  private static final Path SOURCE = Path.of("../spring-ai/src/test/java/dev/memlane/spring/ai/GuideTest.java");
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```java\n(.*?)^```");

  @TempDir
  private Path directory;
  private String url;
  private MemoryOrchestrator memory;
  private final ScriptedChatModel model = new ScriptedChatModel();

  @BeforeEach
  void open() {
    url = TestServer.freshDatabase(TABLES);
    memory = MemoryOrchestrator.builder().postgres(url, null, null)
        .indexDirectory(directory)
        .embedder(new HashEmbedder()).open();
  }

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void guide_hasTheExamplesOfThisTest() throws Exception {
    String source = Files.readString(SOURCE).replaceAll("(?m)^ +", "");
    List<String> blocks = BLOCK.matcher(Files.readString(GUIDE)).results().map(block -> block.group(1)).toList();

    assertThat(blocks).hasSize(8)
        .allSatisfy(block -> assertThat(source).contains("// The guide's.\n" + block.replaceAll("(?m)^ +", "")));
  }

  @Test
  void advisor() {
    memory.addMemory(NewMemory.of("I play the oboe", Scope.user("ada"))).join();
    model.answering("The oboe.");

    // The guide's.
    ChatClient chat = ChatClient.builder(model).defaultAdvisors(MemlaneAdvisor.builder(memory).build()).build();
    String answer = chat.prompt("Which instrument do I play?")
        .advisors(advisors -> advisors.param(MemlaneAdvisor.USER, "ada").param(ChatMemory.CONVERSATION_ID, "7"))
        .call().content();

    assertThat(answer).isEqualTo("The oboe.");
    assertThat(model.lastPrompt()).contains("I play the oboe");
  }

  @Test
  void remembering() {
    // The guide's.
    MemlaneAdvisor onlyFacts = MemlaneAdvisor.builder(memory)
        .search(search -> search.limit(5).minSimilarity(0.4))
        .remembering(exchange -> exchange.question().endsWith("?")
            ? List.of()
            : List.of(NewMemory.of(exchange.question(), exchange.scope())))
        .build();

    ChatClient chat = ChatClient.builder(model.answering("Nice.", "The oboe.")).defaultAdvisors(onlyFacts).build();
    for (String message : List.of("I play the oboe", "What do I play?")) {
      chat.prompt(message).advisors(advisors -> advisors.param(MemlaneAdvisor.USER, "ada")).call().content();
    }
    assertThat(memory.listByTime(Scope.user("ada"), null, TimeOrder.OLDEST_FIRST, null, 10).join().memories())
        .extracting(Memory::content).containsExactly("I play the oboe");
  }

  @Test
  void vectorStore() {
    // The guide's.
    VectorStore store = MemlaneVectorStore.builder(memory, Scope.user("ada")).build();
    store.add(List.of(new Document("ada-1", "Ada plays the oboe", Map.of("topic", "music"))));
    List<Document> found = store.similaritySearch(SearchRequest.builder()
        .query("Which instrument does Ada play?").topK(5).filterExpression("topic == 'music'").build());
    store.delete(List.of("ada-1"));

    assertThat(found).extracting(Document::getText).containsExactly("Ada plays the oboe");
    assertThat(memory.count(Scope.user("ada"), null).join()).isZero();
  }

  @Test
  void chatMemory() {
    // The guide's.
    ChatMemory chatMemory = MessageWindowChatMemory.builder()
        .chatMemoryRepository(MemlaneChatMemoryRepository.of(memory, id -> Scope.user("ada").withRun(id)))
        .maxMessages(50).build();

    chatMemory.add("7", new UserMessage("I play the oboe"));
    assertThat(chatMemory.get("7")).containsExactly(new UserMessage("I play the oboe"));
  }

  @Test
  // What replaces toolCallbacks in Spring AI 2.0 is not in 1.1. The guide leaves out what to do without a user.
  @SuppressWarnings({"removal", "NullAway"})
  void tools() {
    try (LaneExecutor lanes = LaneExecutor.builder().build()) {
      ChatClient chat = ChatClient.builder(model.answering("Nothing yet.")).build();

      // The guide's.
      MemlaneToolCallbacks tools = MemlaneToolCallbacks.scoped(memory, lanes,
          context -> Scope.user((String) context.getContext().get("user")));
      String answer = chat.prompt("What do you know about me?").toolCallbacks(tools).toolContext(Map.of("user", "ada"))
          .call().content();

      assertThat(answer).isEqualTo("Nothing yet.");
    }
  }

  @Test
  void embedder() throws Exception {
    EmbeddingModel embeddingModel = new EmbeddingModel() {
      @Override
      public EmbeddingResponse call(EmbeddingRequest request) {
        return new EmbeddingResponse(List.of(new Embedding(new float[1536], 0)));
      }

      @Override
      public float[] embed(Document document) {
        return new float[1536];
      }
    };

    // The guide's.
    Embedder embedder = SpringAiEmbedder.of(embeddingModel, "text-embedding-3-small", 1536);

    assertThat(embedder.embed(List.of("oboe")).get()).hasSize(1);
  }

  @Test
  void chatModel() {
    memory.conversations().append(Scope.user("ada").withRun("7"),
        List.of(NewMessage.of(MessageRole.USER, "We moved to Porto.", "text", ""))).join();
    org.springframework.ai.chat.model.ChatModel chatModel = model.answering("""
        {"facts": [{"text": "Ada lives in Porto.", "kind": "fact", "subject": "Ada's home", "importance": 4,
        "messages": [1], "about": null}]}""");
    try (Database database = Database.builder(url).open()) {

      // The guide's.
      try (ChatModel model = SpringAiChatModel.builder(chatModel).build();
          MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).build()) {
        extractor.remember(Scope.user("ada").withRun("7")).join();
      }
    }

    assertThat(memory.blocking().list(Scope.user("ada"), Fact.filter(), null, 10).memories())
        .extracting(Memory::content).containsExactly("Ada lives in Porto.");
  }

  @Test
  void facts() {
    model.answering("How nice!", """
        {"facts": [{"text": "Ada lives in Porto.", "kind": "fact", "subject": "Ada's home", "importance": 4,
        "messages": [1], "about": null}]}""");
    try (Database database = Database.builder(url).open();
        ChatModel reader = SpringAiChatModel.builder(model).build();
        MemoryExtractor extractor = MemoryExtractor.builder(memory, database, reader).build()) {

      // The guide's.
      try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
        ChatClient chat = ChatClient.builder(model)
            .defaultAdvisors(MemlaneAdvisor.builder(memory).rememberFacts(background).build()).build();
        chat.prompt("We moved to Porto.")
            .advisors(advisors -> advisors.param(MemlaneAdvisor.USER, "ada").param(ChatMemory.CONVERSATION_ID, "7"))
            .call().content();
      }
    }

    assertThat(memory.blocking().list(Scope.user("ada"), null, null, 10).memories())
        .extracting(Memory::content).containsExactly("Ada lives in Porto.");
  }
}
