package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.ChatClient.AdvisorSpec;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;

/** Chats through a chat client whose facts are remembered, by a model that notes where the user lives. */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FactsOfChatsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");
  private static final Scope MONDAY = ADA.withRun("monday");

  @TempDir
  private Path directory;
  private MemoryOrchestrator memory;
  private Database database;
  private ChatModel model;
  private MemoryExtractor extractor;
  private final Noting noting = new Noting();

  @BeforeEach
  void open() {
    String url = TestServer.freshDatabase(TABLES);
    memory = MemoryOrchestrator.builder().postgres(url, null, null).indexDirectory(directory)
        .embedder(new HashEmbedder()).open();
    database = Database.builder(url).open();
    model = SpringAiChatModel.builder(noting).build();
    extractor = MemoryExtractor.builder(memory, database, model).build();
  }

  @AfterEach
  void close() {
    extractor.close();
    model.close();
    database.close();
    memory.close();
  }

  /** A model that says of everything that it is nice, and of a question of ours where the user lives. */
  private static final class Noting implements org.springframework.ai.chat.model.ChatModel {
    private static final Pattern HOME = Pattern.compile("\"number\":(\\d+)[^}]*I live in (\\w+)");
    private static final Pattern FACT = Pattern.compile("\"text\":\"(The user lives in \\w+)");
    private volatile boolean failing;

    @Override
    public ChatResponse call(Prompt prompt) {
      return response(answer(prompt.getContents()));
    }

    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
      return Flux.just(response("How "), response("nice!"));
    }

    private static ChatResponse response(String text) {
      return new ChatResponse(List.of(new Generation(new AssistantMessage(text))));
    }

    private String answer(String asked) {
      if (!asked.contains("one JSON object")) {
        return "How nice!";
      }
      if (failing) {
        throw new IllegalStateException("the model is down");
      }
      String data = asked.substring(asked.lastIndexOf("{\"", asked.indexOf("I live in") < 0
          ? asked.indexOf("\"known\":[")
          : asked.indexOf("I live in")));
      Matcher home = HOME.matcher(data.replaceAll("\\s*:\\s*", ":"));
      if (asked.contains("\"known\":[{")) {
        Matcher fact = FACT.matcher(asked);
        return fact.find()
            ? "{\"decisions\":[{\"fact\":1,\"action\":\"supersede\",\"known\":\"m1\",\"text\":\"" + fact.group(1)
                + "\"}]}"
            : "{\"decisions\":[]}";
      }
      return home.find()
          ? "{\"facts\":[{\"text\":\"The user lives in " + home.group(2) + "\",\"kind\":\"fact\",\"subject\":\"home\","
              + "\"importance\":4,\"messages\":[" + home.group(1) + "],\"about\":null}]}"
          : "{\"facts\":[]}";
    }
  }

  private ChatClient client(BackgroundRemembering background) {
    return ChatClient.builder(noting)
        .defaultAdvisors(MemlaneAdvisor.builder(memory).rememberFacts(background).build()).build();
  }

  private static Consumer<AdvisorSpec> as(String user, @Nullable String conversation) {
    return advisors -> {
      advisors.param(MemlaneAdvisor.USER, user);
      if (conversation != null) {
        advisors.param(ChatMemory.CONVERSATION_ID, conversation);
      }
    };
  }

  private List<Memory> memories() {
    return memory.blocking().list(ADA, null, null, 10).memories();
  }

  private List<String> log(Scope conversation) {
    return memory.conversations().messages(conversation, 0, 100).join().messages().stream()
        .map(message -> Objects.requireNonNullElse(message.text(), "")).toList();
  }

  @Test
  void chat_isRemembered_andALaterOneSupersedesIt() {
    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      assertThat(client(background).prompt("I live in Lisbon").advisors(as("ada", "monday")).call().content())
          .isEqualTo("How nice!");
    }
    ConversationMessage said = memory.conversations().messages(MONDAY, 0, 10).join().messages().getFirst();
    assertThat(memories()).extracting(Memory::content).containsExactly("The user lives in Lisbon");
    Memory first = memories().getFirst();
    assertThat(first.scope()).isEqualTo(ADA);
    assertThat(Fact.of(first).orElseThrow().sources()).containsExactly(new FactSource(MONDAY, said.id()));
    assertThat(log(MONDAY)).containsExactly("I live in Lisbon", "How nice!");
    assertThat(memory.conversations().window(MONDAY).join()).isEmpty();

    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      String answer = String.join("", Objects.requireNonNull(client(background).prompt("I live in Porto")
          .advisors(as("ada", "friday")).stream().content().collectList().block()));
      assertThat(answer).isEqualTo("How nice!");
    }

    assertThat(memories()).singleElement().satisfies(now -> {
      assertThat(now.id()).isEqualTo(first.id());
      assertThat(now.content()).isEqualTo("The user lives in Porto");
      assertThat(Fact.of(now).orElseThrow().change()).isEqualTo(FactChange.SUPERSEDED);
    });
    assertThat(log(ADA.withRun("friday"))).containsExactly("I live in Porto", "How nice!");
  }

  @Test
  void conversation_ofAChatMemory_isNotAppendedTwice() {
    ChatMemory chatMemory = MessageWindowChatMemory.builder()
        .chatMemoryRepository(MemlaneChatMemoryRepository.of(memory, ADA::withRun)).maxMessages(50).build();
    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      ChatClient chats = ChatClient.builder(noting).defaultAdvisors(
          MessageChatMemoryAdvisor.builder(chatMemory).build(),
          MemlaneAdvisor.builder(memory).rememberFacts(background).build()).build();
      for (String text : List.of("I live in Lisbon", "Is it nice there?")) {
        chats.prompt(text).advisors(as("ada", "monday")).call().content();
      }
    }

    assertThat(log(MONDAY)).containsExactly("I live in Lisbon", "How nice!", "Is it nice there?", "How nice!");
    assertThat(chatMemory.get("monday")).extracting(Message::getText).hasSize(4);
    assertThat(memories()).extracting(Memory::content).containsExactly("The user lives in Lisbon");
  }

  @Test
  void exchange_withoutAConversation_hasNoFacts() {
    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      client(background).prompt("I live in Lisbon").advisors(as("ada", null)).call().content();

      assertThat(background.counts()).isEqualTo(new Counts(0, 0, 0, 0));
    }
    assertThat(memories()).isEmpty();
  }

  @Test
  void modelOrDatabaseThatFails_failsNoCall_andIsCounted() {
    noting.failing = true;
    BackgroundRemembering background = BackgroundRemembering.of(extractor);
    assertThat(client(background).prompt("I live in Lisbon").advisors(as("ada", "monday")).call().content())
        .isEqualTo("How nice!");
    background.close();
    assertThat(background.counts()).isEqualTo(new Counts(0, 1, 0, 0));

    noting.failing = false;
    String tooLong = "long ".repeat(4_000_000);
    BackgroundRemembering next = BackgroundRemembering.of(extractor);
    assertThat(client(next).prompt(tooLong).advisors(as("ada", "monday")).call().content()).isEqualTo("How nice!");
    assertThat(next.counts()).isEqualTo(new Counts(0, 1, 0, 0));
    client(next).prompt("Hello").advisors(as("ada", "monday")).call().content();
    next.close();

    assertThat(next.counts()).isEqualTo(new Counts(1, 1, 0, 0));
    assertThat(memories()).extracting(Memory::content).containsExactly("The user lives in Lisbon");
  }

  @Test
  void remembering_setBesideFacts_isDoneAsWell() {
    try (BackgroundRemembering background = BackgroundRemembering.of(extractor)) {
      ChatClient.builder(noting).defaultAdvisors(MemlaneAdvisor.builder(memory).rememberFacts(background)
          .remembering(Remembering.question()).build()).build()
          .prompt("I live in Lisbon").advisors(as("ada", "monday")).call().content();
    }

    assertThat(memories()).extracting(Memory::content).containsExactlyInAnyOrder("I live in Lisbon",
        "The user lives in Lisbon");
  }
}
