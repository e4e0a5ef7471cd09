package dev.memlane.model.store;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The contract of the store of conversations: for each, a log of messages, and the window, which is the part of them
 * that is shown to the model.
 *
 * <p>
 * A conversation is named by its scope, which has a run. It begins with its first message. Each call is atomic, also
 * towards other processes: changes of one conversation take effect one after the other.
 *
 * <p>
 * Futures fail with a {@link StoreException}. If a change fails with an {@link InDoubtException}, it is unknown whether
 * it was done, and it may still be done a little later; after any other failure nothing was changed, except by a
 * deletion, which goes page by page. Every change can be repeated safely. The time that a call takes does not depend on the length of the log. No method blocks longer than
 * the store's own time-outs. Safe for use by several threads.
 */
public interface ConversationStore {

  /**
   * Appends messages, which enter the window: all or none. Messages whose ids the conversation already has are not
   * stored again.
   *
   * @param messages with different ids
   * @param at their time
   * @return the messages as they are stored now, in the order of the list. New ones have ascending positions, greater
   * than all before. Fails with an {@link InvalidInputException}, and stores nothing, if an id belongs to another
   * message of the conversation
   */
  CompletableFuture<List<ConversationMessage>> append(Scope conversation, List<NewMessage> messages, Instant at);

  /**
   * Makes the window consist of these messages, in this order. Messages are the same if format and payload are. The
   * longest beginning of the list that the window contains in this order is kept, with the positions and ids that it
   * has; the rest is appended; all others leave the window and stay in the log.
   *
   * @param messages with different ids; an appended message whose id is taken gets a fresh one
   * @param at the time of the new ones
   */
  CompletableFuture<Void> replaceWindow(Scope conversation, List<NewMessage> messages, Instant at);

  /** Lets messages leave the window. Positions that are not in it are ignored. */
  CompletableFuture<Void> leaveWindow(Scope conversation, Collection<Long> positions);

  /**
   * Reads the first messages of the window, in order.
   *
   * @param bytes ends the result after the message with which its texts and payloads have so many bytes
   */
  CompletableFuture<Messages> window(Scope conversation, int limit, long bytes);

  /**
   * Reads the newest messages of the window. The time that it takes does not depend on how many others the window has, except
   * that they are counted.
   *
   * @param before only messages before this position; {@link Long#MAX_VALUE} for the end
   * @param bytes ends the result with the message, towards the beginning, with which its texts and payloads have so many bytes
   */
  CompletableFuture<WindowEnd> windowEnd(Scope conversation, long before, int limit, long bytes);

  /**
   * The end of a window, or of a part of it.
   *
   * @param messages in order
   * @param more whether the window has messages before them; then there is at least one
   * @param length how many messages the whole window has; 0 if there is none before that position
   */
  record WindowEnd(List<ConversationMessage> messages, boolean more, long length) {

    public WindowEnd {
      messages = List.copyOf(messages);
    }
  }

  /**
   * Reads messages in order, in the window or not.
   *
   * @param after the position after which the page begins; 0 for the first page
   * @param bytes ends the page once the texts and payloads of its messages have so many bytes together in UTF-8
   */
  CompletableFuture<Messages> messages(Scope conversation, long after, int limit, long bytes);

  /**
   * A page of messages.
   *
   * @param more whether there are messages after it; then it has at least one itself
   */
  record Messages(List<ConversationMessage> messages, boolean more) {

    public Messages {
      messages = List.copyOf(messages);
    }
  }

  /** Reads messages as {@link #messages} does, with what an export needs to know of them. */
  CompletableFuture<Archive> archive(Scope conversation, long after, int limit, long bytes);

  /**
   * A page of messages of an export.
   *
   * @param more whether there are messages after it; then it has at least one itself
   */
  record Archive(List<ArchivedMessage> messages, boolean more) {

    public Archive {
      messages = List.copyOf(messages);
    }
  }

  /**
   * Restores messages with their positions and times. What the conversation has already is not changed.
   *
   * @param messages with different ids and different positions
   * @return the outcome of each, in the order of the list
   */
  CompletableFuture<List<MessageImportOutcome>> restore(Scope conversation, List<ArchivedMessage> messages);

  /**
   * Lists conversations in the order in which they began.
   *
   * @param within lists those that the scope matches; null for all
   * @param after the number after which the page begins; 0 for the first page
   */
  CompletableFuture<List<NumberedConversation>> list(@Nullable Scope within, long after, int limit);

  /**
   * A conversation in a list.
   *
   * @param number greater than those of all conversations that began before; at least 1
   */
  record NumberedConversation(long number, Scope conversation) {}

  /**
   * Deletes the conversation of exactly this scope. Afterwards nothing of its messages is left. It disappears as a
   * whole; then its messages are removed in pages. After a failure or a crash, a repeated call removes the rest.
   *
   * @return how many messages were removed
   */
  CompletableFuture<Long> delete(Scope conversation);

  /** Deletes, as {@link #delete} does, all conversations that the scope matches. */
  CompletableFuture<Long> deleteAll(Scope within);

  /** Removes what interrupted deletions have left. Returns the number of messages. */
  CompletableFuture<Long> sweep();
}
