package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.internal.Futures;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The calls of {@link Conversations} in blocking form.
 *
 * <p>
 * Each call waits, returns the value itself, and throws a {@link MemlaneException} where the future would fail. Best called
 * from virtual threads. Interrupting a caller ends the waiting; a change goes on. Safe for use by several threads.
 */
public final class BlockingConversations {

  private final Conversations conversations;

  BlockingConversations(Conversations conversations) {
    this.conversations = conversations;
  }

  /** See {@link Conversations#append}. */
  public List<ConversationMessage> append(Scope conversation, List<NewMessage> messages) {
    return Futures.await(conversations.append(conversation, messages));
  }

  /** See {@link Conversations#replaceWindow}. */
  public void replaceWindow(Scope conversation, List<NewMessage> messages) {
    Futures.await(conversations.replaceWindow(conversation, messages));
  }

  /** See {@link Conversations#leaveWindow}. */
  public void leaveWindow(Scope conversation, Collection<Long> positions) {
    Futures.await(conversations.leaveWindow(conversation, positions));
  }

  /** See {@link Conversations#window}. */
  public List<ConversationMessage> window(Scope conversation) {
    return Futures.await(conversations.window(conversation));
  }

  /** See {@link Conversations#messages}. */
  public MessagePage messages(Scope conversation, long after, int limit) {
    return Futures.await(conversations.messages(conversation, after, limit));
  }

  /** See {@link Conversations#exportPage}. */
  public MessageArchivePage exportPage(Scope conversation, long after, int limit) {
    return Futures.await(conversations.exportPage(conversation, after, limit));
  }

  /** See {@link Conversations#importMessages}. */
  public List<MessageImportOutcome> importMessages(Scope conversation, List<ArchivedMessage> messages) {
    return Futures.await(conversations.importMessages(conversation, messages));
  }

  /** See {@link Conversations#list}. */
  public ConversationPage list(@Nullable Scope within, long after, int limit) {
    return Futures.await(conversations.list(within, after, limit));
  }

  /** See {@link Conversations#delete}. */
  public long delete(Scope conversation) {
    return Futures.await(conversations.delete(conversation));
  }
}
