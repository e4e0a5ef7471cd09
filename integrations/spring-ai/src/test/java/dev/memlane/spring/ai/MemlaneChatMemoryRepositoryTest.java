package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.AssistantMessage.ToolCall;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage.ToolResponse;
import org.springframework.ai.chat.messages.UserMessage;

@Tag("programs")
class MemlaneChatMemoryRepositoryTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  /** How many messages the long conversation has: {@code -Dmemlane.conversation.messages=2000} shows its times. */
  private static final int MANY = Integer.getInteger("memlane.conversation.messages", 100);
  private static final int WINDOW = 20;

  @TempDir
  private Path directory;
  private final String database = TestServer.freshDatabase(TABLES);
  private MemoryOrchestrator memory;
  private ChatMemoryRepository repository;

  @BeforeEach
  void open() {
    memory = MemoryOrchestrator.builder().postgres(database, null, null).indexDirectory(directory)
        .embedder(new HashEmbedder()).open();
    repository = MemlaneChatMemoryRepository.of(memory);
  }

  @AfterEach
  void close() {
    memory.close();
  }

  private void restart() {
    close();
    open();
  }

  private static List<Object> contents(List<Message> messages) {
    return messages.stream().<Object>map(TestMessages::contents).toList();
  }

  @Test
  void messages_ofAllKinds_comeBackAsTheyWere_alsoAfterARestart() {
    List<Message> messages = TestMessages.ofAllKinds();

    repository.saveAll("1", messages);
    restart();

    assertThat(contents(repository.findByConversationId("1"))).isEqualTo(contents(messages));
    assertThat(repository.findByConversationId("2")).isEmpty();
  }

  @Test
  void saveAll_replacesTheWindow_andTheLogKeepsWhatLeft() {
    repository.saveAll("1", List.of(new UserMessage("one"), new AssistantMessage("two")));
    repository.saveAll("1", List.of(new UserMessage("one"), new AssistantMessage("two"), new UserMessage("three")));
    repository.saveAll("1", List.of(new AssistantMessage("two"), new UserMessage("three"), new UserMessage("three")));

    assertThat(repository.findByConversationId("1")).extracting(Message::getText).containsExactly("two", "three",
        "three");
    assertThat(memory.conversations().messages(Scope.run("1"), 0, 100).join().messages())
        .extracting(message -> message.text()).containsExactly("one", "two", "three", "three");

    repository.saveAll("1", List.of());
    assertThat(repository.findByConversationId("1")).isEmpty();
  }

  @Test
  void delete_leavesNothing() {
    repository.saveAll("1", TestMessages.ofAllKinds());
    repository.saveAll("2", List.of(new UserMessage("stays")));

    repository.deleteByConversationId("1");
    repository.deleteByConversationId("unknown");

    assertThat(repository.findConversationIds()).containsExactly("2");
    assertThat(repository.findByConversationId("1")).isEmpty();
    assertThat(memory.conversations().messages(Scope.run("1"), 0, 100).join().messages()).isEmpty();
  }

  @Test
  void ids_areThoseOfTheRepositorysScopes() {
    ChatMemoryRepository ofAda = MemlaneChatMemoryRepository.of(memory, id -> Scope.user("ada").withRun(id));
    ofAda.saveAll("1", List.of(new UserMessage("of Ada")));
    ofAda.saveAll("ö / 2", List.of(new UserMessage("of Ada, too")));
    repository.saveAll("1", List.of(new UserMessage("of nobody")));

    assertThat(ofAda.findConversationIds()).containsExactlyInAnyOrder("1", "ö / 2");
    assertThat(repository.findConversationIds()).containsExactly("1");
    assertThat(ofAda.findByConversationId("1")).extracting(Message::getText).containsExactly("of Ada");

    memory.deleteAll(Scope.user("ada"), null).join();
    assertThat(ofAda.findConversationIds()).isEmpty();
    assertThat(repository.findConversationIds()).containsExactly("1");
  }

  @Test
  void scope_withoutTheIdAsItsRun_isRefused() {
    ChatMemoryRepository wrong = MemlaneChatMemoryRepository.of(memory, id -> Scope.user(id));

    assertThatThrownBy(() -> wrong.saveAll("1", List.of(new UserMessage("Hello"))))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("run");
  }

  @Test
  void conversation_ofAnotherDoor_isNotReadAsOurs() {
    memory.conversations()
        .append(Scope.run("1"), List.of(NewMessage.of(MessageRole.USER, "Hello", "langchain4j", "{}")))
        .join();

    assertThatThrownBy(() -> repository.findByConversationId("1")).isInstanceOf(StoreException.class)
        .hasMessageContaining("langchain4j");
  }

  @Test
  void longConversation_withToolCalls_isExactAfterARestart_andNeverFoundAsMemories() {
    ChatMemory chatMemory = MessageWindowChatMemory.builder().chatMemoryRepository(repository).maxMessages(WINDOW)
        .build();
    List<Message> all = new ArrayList<>();
    long[] nanos = new long[MANY / 4];
    for (int i = 0; i < MANY / 4; i++) {
      List<Message> turn = turn(i);
      long began = System.nanoTime();
      turn.forEach(message -> chatMemory.add("1", message));
      nanos[i] = System.nanoTime() - began;
      all.addAll(turn);
    }
    restart();

    assertThat(contents(repository.findByConversationId("1")))
        .isEqualTo(contents(all.subList(all.size() - WINDOW, all.size())));
    List<Message> log = new ArrayList<>();
    long after = 0;
    for (var page = memory.conversations().messages(Scope.run("1"), after, 500).join(); !page.messages()
        .isEmpty(); page = memory
            .conversations().messages(Scope.run("1"), after, 500).join()) {
      page.messages().forEach(message -> log.add(MessageCodec.decode(message)));
      after = page.messages().getLast().position();
    }
    assertThat(contents(log)).isEqualTo(contents(all));
    assertThat(memory.search(SearchRequest.builder("oboe memory_search arguments").everywhere().build()).join())
        .isEmpty();
    if (System.getProperty("memlane.conversation.messages") != null) {
      for (int tenth = 0; tenth < 10; tenth++) {
        int from = tenth * nanos.length / 10;
        int to = (tenth + 1) * nanos.length / 10;
        System.out.printf("messages %d to %d: %.2f ms for each%n", 4 * from, 4 * to,
            IntStream.range(from, to).mapToLong(i -> nanos[i]).average().orElse(0) / 4e6);
      }
    }
  }

  private static List<Message> turn(int i) {
    return List.of(new UserMessage("What is in note " + i + "?"),
        AssistantMessage.builder().content("")
            .toolCalls(
                List.of(new ToolCall("call_" + i, "function", "memory_search", "{\"query\": \"oboe note " + i + "\"}")))
            .build(),
        ToolResponseMessage.builder()
            .responses(
                List.of(new ToolResponse("call_" + i, "memory_search", "{\"memories\": [{\"content\": \"oboe\"}]}")))
            .build(),
        new AssistantMessage("Note " + i + " is about the oboe."));
  }
}
