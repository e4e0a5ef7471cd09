package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.memory.ChatMemory;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class MemlaneChatMemoryStoreTest {

  @TempDir
  private static Path directory;

  private static MemoryOrchestrator memory;

  @BeforeAll
  static void open() {
    memory = TestMemories.open(directory);
  }

  @AfterAll
  static void close() {
    memory.close();
  }

  @Test
  void langChain4jsChatMemory_onThisStore_isExact() {
    ChatMemory ours = MessageWindowChatMemory.builder().id("7").maxMessages(10)
        .chatMemoryStore(MemlaneChatMemoryStore.of(memory)).build();
    ChatMemory theirs = MessageWindowChatMemory.builder().id("7").maxMessages(10).build();

    for (ChatMessage message : Conversation.of(80, new Random(7))) {
      ours.add(message);
      theirs.add(message);
      assertThat(ours.messages()).isEqualTo(theirs.messages());
    }
  }

  @Test
  void update_appendsWhatIsNew_andKeepsWhatLeavesInTheLog() {
    MemlaneChatMemoryStore store = MemlaneChatMemoryStore.of(memory, Scope.user("ada"));
    Scope conversation = Scope.user("ada").withRun("9");
    for (int i = 0; i < 5; i++) {
      store.updateMessages(9, List.of(UserMessage.from("message " + i), UserMessage.from("message " + (i + 1))));
    }

    assertThat(store.getMessages(9)).containsExactly(UserMessage.from("message 4"), UserMessage.from("message 5"));
    assertThat(memory.conversations().messages(conversation, 0, 100).join().messages()).as("each is stored once")
        .extracting(ChatMessages::decode).hasSize(6).doesNotHaveDuplicates();

    store.deleteMessages(9);

    assertThat(store.getMessages(9)).isEmpty();
    assertThat(memory.conversations().messages(conversation, 0, 100).join().messages()).isEmpty();
    assertThat(store.getMessagesAsync("never used").join()).isEmpty();
  }
}
