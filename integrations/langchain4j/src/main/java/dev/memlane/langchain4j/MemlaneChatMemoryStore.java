package dev.memlane.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Conversations;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * LangChain4j's store of chat memories, on the memory's log of conversations.
 *
 * <pre>{@code
 * MessageWindowChatMemory.builder().id("7").maxMessages(20).chatMemoryStore(MemlaneChatMemoryStore.of(memory)).build()
 * }</pre>
 *
 * <p>
 * Messages of all kinds come back exactly as they were. An update writes only what is new: one inserted row for one new
 * message. What is no longer in the list leaves the window and stays in the log. Messages are no memories, so no search
 * finds them; {@link MemlaneChatMemory} can remember what leaves its window. Safe for use by several threads, of which
 * one at a time should update a conversation.
 */
public final class MemlaneChatMemoryStore implements ChatMemoryStore {

  private final Conversations conversations;
  private final Function<Object, Scope> scope;

  private MemlaneChatMemoryStore(MemoryOrchestrator memory, Function<Object, Scope> scope) {
    this.conversations = memory.conversations();
    this.scope = scope;
  }

  /** A store in which each id of a chat memory is the run of a conversation. */
  public static MemlaneChatMemoryStore of(MemoryOrchestrator memory) {
    return of(memory, id -> Scope.run(id.toString()));
  }

  /** A store in which each id of a chat memory is the run of a conversation within this scope, such as a user's. */
  public static MemlaneChatMemoryStore of(MemoryOrchestrator memory, Scope owner) {
    return of(memory, id -> owner.withRun(id.toString()));
  }

  /**
   * A store that asks a function for the scope of a conversation, which names a run.
   *
   * @param scope from the id of a chat memory; different ids need different scopes
   */
  public static MemlaneChatMemoryStore of(MemoryOrchestrator memory, Function<Object, Scope> scope) {
    return new MemlaneChatMemoryStore(memory, scope);
  }

  @Override
  public List<ChatMessage> getMessages(Object memoryId) {
    return BlockingMemory.await(getMessagesAsync(memoryId));
  }

  @Override
  public void updateMessages(Object memoryId, List<ChatMessage> messages) {
    BlockingMemory.await(updateMessagesAsync(memoryId, messages));
  }

  /** Deletes the conversation, also what has left the window. */
  @Override
  public void deleteMessages(Object memoryId) {
    BlockingMemory.await(deleteMessagesAsync(memoryId));
  }

  @Override
  public CompletableFuture<List<ChatMessage>> getMessagesAsync(Object memoryId) {
    return conversations.window(scope.apply(memoryId))
        .thenApply(messages -> messages.stream().map(ChatMessages::decode).toList());
  }

  @Override
  public CompletableFuture<Void> updateMessagesAsync(Object memoryId, List<ChatMessage> messages) {
    return conversations.replaceWindow(scope.apply(memoryId), ChatMessages.encode(messages));
  }

  @Override
  public CompletableFuture<Void> deleteMessagesAsync(Object memoryId) {
    return conversations.delete(scope.apply(memoryId)).thenAccept(deleted -> {});
  }

  @Override
  public String toString() {
    return "MemlaneChatMemoryStore";
  }
}
