package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.memory.ChatMemory;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class MemlaneChatMemoryTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");

  /** Embeds by hash, or fails; always refuses texts with the word "unspeakable". */
  private static final class FailingEmbedder implements Embedder {
    private final HashEmbedder hash = new HashEmbedder();
    private final AtomicBoolean failing = new AtomicBoolean();

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      if (texts.stream().anyMatch(text -> text.contains("unspeakable"))) {
        return CompletableFuture.failedFuture(new EndpointException(Failure.REFUSED, "not this text", null));
      }
      return failing.get()
          ? CompletableFuture.failedFuture(new EmbeddingException("the embedder has no power", null))
          : hash.embed(texts);
    }

    @Override
    public String model() {
      return hash.model();
    }

    @Override
    public int dimension() {
      return hash.dimension();
    }

    @Override
    public Limits limits() {
      return hash.limits();
    }
  }

  @TempDir
  private Path directory;

  private final String url = TestServer.freshDatabase(TABLES);
  private final FailingEmbedder embedder = new FailingEmbedder();
  private MemoryOrchestrator memory;

  @BeforeEach
  void open() {
    memory = TestMemories.open(url, directory, embedder);
  }

  @AfterEach
  void close() {
    memory.close();
  }

  private MemlaneChatMemory.Builder chat() {
    return MemlaneChatMemory.builder(memory).owner(ADA);
  }

  private List<ChatMessage> log(Scope conversation) {
    return memory.conversations().messages(conversation, 0, 1_000).join().messages().stream()
        .map(ChatMessages::decode).toList();
  }

  private List<String> remembered(Scope scope) {
    return memory.blocking().list(scope, null, null, 1_000).memories().stream().map(Memory::searchableText).toList();
  }

  @Test
  void messages_ofAllKinds_areExactAfterARestart() {
    List<ChatMessage> said = Conversation.of(200, new Random(7)).stream()
        .filter(message -> !(message instanceof SystemMessage)).toList();
    said.forEach(chat().maxMessages(500).build("7")::add);

    memory.close();
    open();

    assertThat(chat().maxMessages(500).build("7").messages()).isEqualTo(said);
    assertThat(log(ADA.withRun("7"))).isEqualTo(said);
  }

  @Test
  void window_isThatOfLangChain4jWithoutOrphans_whateverIsSaid() {
    long seed = new Random().nextLong();
    for (int most : new int[]{1, 2, 5, 10}) {
      MemlaneChatMemory ours = chat().maxMessages(most).build("run-" + most);
      ChatMemory theirs = MessageWindowChatMemory.builder().maxMessages(most).alwaysKeepSystemMessageFirst(true)
          .build();
      for (ChatMessage message : Conversation.of(60, new Random(seed + most))) {
        ours.add(message);
        theirs.add(message);

        assertThat(ours.messages()).as("seed %d, window of %d", seed, most)
            .isEqualTo(withoutOrphans(theirs.messages()));
      }
    }
  }

  /** Without results at the beginning, which LangChain4j's window keeps when their call left before they came. */
  private static List<ChatMessage> withoutOrphans(List<ChatMessage> messages) {
    List<ChatMessage> kept = new ArrayList<>(messages);
    int first = !kept.isEmpty() && kept.getFirst() instanceof SystemMessage ? 1 : 0;
    while (kept.size() > first && kept.get(first) instanceof ToolExecutionResultMessage) {
      kept.remove(first);
    }
    return kept;
  }

  @Test
  void messagesThatLeave_areRememberedAsText_once() {
    MemlaneChatMemory chat = chat().maxMessages(2).rememberEvicted(true).build("7");
    chat.add(SystemMessage.from("You are helpful"));
    chat.add(UserMessage.from("My oboe is broken"));
    chat.add(AiMessage.from("I look it up",
        List.of(
            ToolExecutionRequest.builder().id("1").name("look_up").arguments("{\"what\":\"contraband\"}").build())));
    chat.add(ToolExecutionResultMessage.from("1", "look_up", "{\"found\":\"contraband\"}"));
    chat.add(AiMessage.from("Take it to the workshop"));
    assertThat(remembered(ADA)).containsExactlyInAnyOrder("user: My oboe is broken", "assistant: I look it up");

    chat.add(UserMessage.from("Thanks"));

    assertThat(remembered(ADA)).containsExactlyInAnyOrder("user: My oboe is broken", "assistant: I look it up",
        "assistant: Take it to the workshop");
    assertThat(memory.blocking().search(SearchRequest.of("contraband", ADA))).extracting(hit -> hit.memory().content())
        .noneMatch(text -> text.contains("contraband") || text.contains("{"));
    assertThat(chat.messages()).containsExactly(SystemMessage.from("You are helpful"), UserMessage.from("Thanks"));
    assertThat(log(chat.scope())).hasSize(6);
  }

  @Test
  void messagesThatCannotBeRemembered_stayInTheWindowUntilTheyCan() {
    MemlaneChatMemory chat = chat().maxMessages(2).rememberEvicted(true).build("7");
    embedder.failing.set(true);
    for (int i = 0; i < 6; i++) {
      chat.add(UserMessage.from("Message " + i));
    }

    assertThat(chat.messages()).containsExactly(UserMessage.from("Message 4"), UserMessage.from("Message 5"));
    assertThat(remembered(ADA)).isEmpty();
    assertThat(memory.conversations().window(chat.scope()).join()).hasSize(6);

    embedder.failing.set(false);
    chat.add(UserMessage.from("Message 6"));

    assertThat(remembered(ADA)).hasSize(5).doesNotHaveDuplicates();
    assertThat(memory.conversations().window(chat.scope()).join()).hasSize(2);
  }

  @Test
  void messageThatTheModelRefuses_leavesAndHoldsUpNoOther() {
    MemlaneChatMemory chat = chat().maxMessages(1).rememberEvicted(true).build("7");
    for (String text : List.of("one", "unspeakable", "two", "three")) {
      chat.add(UserMessage.from(text));
    }

    assertThat(memory.conversations().window(chat.scope()).join()).hasSize(1);
    assertThat(remembered(ADA)).containsExactlyInAnyOrder("user: one", "user: two");
    assertThat(log(chat.scope())).hasSize(4);
  }

  @Test
  void resultThatComesAfterItsCallHasLeft_isNotShown() {
    MemlaneChatMemory chat = chat().maxMessages(2).build("7");
    List<ToolExecutionRequest> calls = Stream.of("1", "2", "3")
        .map(id -> ToolExecutionRequest.builder().id(id).name("look_up").arguments("{}").build()).toList();
    chat.add(AiMessage.from(calls));
    for (ToolExecutionRequest call : calls) {
      chat.add(ToolExecutionResultMessage.from(call, "found"));
    }

    assertThat(chat.messages()).isEmpty();
    assertThat(log(chat.scope())).hasSize(4);
  }

  @Test
  void crashBeforeMessagesLeave_losesNothingAndRemembersOnce() {
    MemlaneChatMemory chat = chat().maxMessages(2).rememberEvicted(true).build("7");
    // What a process leaves that was killed when messages were appended, and the first of them was remembered.
    List<ConversationMessage> appended = memory.conversations().append(chat.scope(), ChatMessages.encode(
        IntStream.range(0, 5).<ChatMessage>mapToObj(i -> UserMessage.from("Message " + i)).toList())).join();
    memory.blocking().addMemory(NewMemory.builder("Message 0", chat.scope()).actor("user")
        .key("message/" + appended.getFirst().id()).build());
    assertThat(chat.messages()).hasSize(2);

    chat.add(UserMessage.from("Message 5"));

    assertThat(remembered(ADA)).containsExactlyInAnyOrder("user: Message 0", "user: Message 1", "user: Message 2",
        "user: Message 3");
    assertThat(memory.conversations().window(chat.scope()).join()).hasSize(2);
  }

  @Test
  void messageThatNoMemoryCanHold_leavesAndStaysInTheLog() {
    MemlaneChatMemory chat = chat().maxMessages(1).rememberEvicted(true).build("7");
    String longest = "long ".repeat(Memory.LONGEST_CONTENT);
    chat.add(UserMessage.from(longest));
    chat.add(UserMessage.from("short"));

    assertThat(chat.messages()).containsExactly(UserMessage.from("short"));
    assertThat(memory.conversations().window(chat.scope()).join()).hasSize(1);
    assertThat(remembered(ADA)).isEmpty();
    assertThat(log(chat.scope())).first().isEqualTo(UserMessage.from(longest));
  }

  @Test
  void set_replacesTheWindow_andClearDeletesTheConversationOnly() {
    MemlaneChatMemory chat = chat().maxMessages(2).rememberEvicted(true).build("7");
    List<ChatMessage> messages = new ArrayList<>(List.of(UserMessage.from("one"), AiMessage.from("two"),
        UserMessage.from("three")));
    chat.add(messages);
    chat.set(List.of(AiMessage.from("a summary"), UserMessage.from("three")));
    assertThat(chat.messages()).containsExactly(AiMessage.from("a summary"), UserMessage.from("three"));

    chat.clear();

    assertThat(chat.messages()).isEmpty();
    assertThat(log(chat.scope())).isEmpty();
    assertThat(remembered(ADA)).containsExactly("user: one");
  }

  @Test
  void erase_leavesNeitherMessagesNorMemories_andOtherConversationsStay() {
    MemlaneChatMemory chat = chat().maxMessages(1).rememberEvicted(true).build("7");
    MemlaneChatMemory other = chat().maxMessages(1).rememberEvicted(true).build("8");
    for (MemlaneChatMemory each : List.of(chat, other)) {
      each.add(UserMessage.from("My oboe is broken"));
      each.add(AiMessage.from("Take it to the workshop"));
    }

    chat.erase();

    assertThat(chat.messages()).isEmpty();
    assertThat(log(chat.scope())).isEmpty();
    assertThat(remembered(chat.scope())).isEmpty();
    assertThat(other.messages()).hasSize(1);
    assertThat(remembered(other.scope())).hasSize(1);
  }

  @Test
  void conversations_ofDifferentOwners_areDifferent() {
    MemlaneChatMemory ben = MemlaneChatMemory.builder(memory).owner(Scope.user("ben")).build("7");
    chat().build("7").add(UserMessage.from("Ada's secret"));

    assertThat(ben.messages()).isEmpty();
    assertThat(MemlaneChatMemory.builder(memory).build("7").messages()).isEmpty();
    assertThatThrownBy(() -> chat().maxMessages(0)).isInstanceOf(InvalidInputException.class);
  }
}
