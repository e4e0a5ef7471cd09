package dev.memlane.spring.ai;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.BlockingConversations;
import dev.memlane.orchestrator.ConversationPage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.messages.Message;

/**
 * A repository of chat messages of Spring AI on Memlane's log of conversations.
 *
 * <pre>{@code
 * ChatMemory chatMemory = MessageWindowChatMemory.builder()
 *     .chatMemoryRepository(MemlaneChatMemoryRepository.of(memory)).maxMessages(50).build();
 * }</pre>
 *
 * <p>
 * Messages of all kinds come back as they were: user messages with media, answers with tool calls and properties, tool
 * responses, system messages, each with its metadata. What {@link #saveAll} leaves out leaves the window that the model
 * sees, and stays in the log; saving a window with one new message writes one message. {@link #deleteByConversationId}
 * deletes the log as well, and nothing is left of its messages. They are never found by a search for memories.
 *
 * <p>
 * <b>Scopes.</b> A conversation's id is the run of its scope, by default {@link Scope#run}. An application with users
 * should name them as well, so that their conversations are deleted with everything else of theirs.
 *
 * <p>
 * Methods fail with a {@link StoreException} if the database can't be reached. Safe for use by several threads. Two
 * calls of {@code ChatMemory.add} for one conversation at the same time may lose a message, as with every repository:
 * Spring AI reads the window and saves it whole.
 */
public final class MemlaneChatMemoryRepository implements ChatMemoryRepository {

  private static final int PAGE = 1_000;

  private final BlockingConversations conversations;
  private final Function<String, Scope> scopes;

  private MemlaneChatMemoryRepository(BlockingConversations conversations, Function<String, Scope> scopes) {
    this.conversations = conversations;
    this.scopes = scopes;
  }

  /**
   * Creates a repository whose conversations belong to nobody: their scopes name only the run.
   *
   * @param memory stays open; the caller closes it
   */
  public static MemlaneChatMemoryRepository of(MemoryOrchestrator memory) {
    return of(memory, Scope::run);
  }

  /**
   * Creates a repository.
   *
   * @param memory stays open; the caller closes it
   * @param scopes gives a conversation's scope for its id, which must be the scope's run:
   * {@code id -> Scope.user("ada").withRun(id)}. Asked in each call, in the calling thread
   */
  public static MemlaneChatMemoryRepository of(MemoryOrchestrator memory, Function<String, Scope> scopes) {
    return new MemlaneChatMemoryRepository(memory.blocking().conversations(), Objects.requireNonNull(scopes, "scopes"));
  }

  /** The ids of the conversations whose scopes the repository's function gives. */
  @Override
  public List<String> findConversationIds() {
    List<String> ids = new ArrayList<>();
    Long next = 0L;
    while (next != null) {
      ConversationPage page = conversations.list(null, next, PAGE);
      for (Scope scope : page.conversations()) {
        String id = Objects.requireNonNull(scope.run());
        if (scopes.apply(id).equals(scope)) {
          ids.add(id);
        }
      }
      next = page.next();
    }
    return ids;
  }

  /** The messages in the window of the conversation, oldest first; empty if there is none. */
  @Override
  public List<Message> findByConversationId(String conversationId) {
    return conversations.window(scope(conversationId)).stream().map(MessageCodec::decode).toList();
  }

  /**
   * Makes the window of the conversation consist of these messages.
   *
   * @throws InvalidInputException if one is longer than 16 million characters, with media as Base64; nothing is changed
   */
  @Override
  public void saveAll(String conversationId, List<Message> messages) {
    conversations.replaceWindow(scope(conversationId), messages.stream().map(MessageCodec::encode).toList());
  }

  /** Deletes the conversation, window and log. */
  @Override
  public void deleteByConversationId(String conversationId) {
    conversations.delete(scope(conversationId));
  }

  private Scope scope(String conversationId) {
    Scope scope = scopes.apply(conversationId);
    if (!conversationId.equals(scope.run())) {
      throw new InvalidInputException(
          "the scope of a conversation must have the conversation's id as its run, and the one given is " + scope);
    }
    return scope;
  }

  @Override
  public String toString() {
    return "MemlaneChatMemoryRepository";
  }
}
