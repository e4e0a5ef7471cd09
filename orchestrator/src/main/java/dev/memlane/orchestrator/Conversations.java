package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ConversationStore.NumberedConversation;
import dev.memlane.model.store.ConversationStore.WindowEnd;
import dev.memlane.orchestrator.internal.conversation.ConversationHandler;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Conversations: for each, a log of all its messages, and a window, which is the part of them that is shown to the model.
 *
 * <p>
 * A conversation is named by a scope that has a run, and begins with its first message. Messages are kept exactly and in
 * order. They are no memories: searches do not find them, and they have no history. A message never changes; it leaves the
 * window and stays in the log until its conversation is deleted. {@link MemoryOrchestrator#deleteAll} without a filter
 * deletes the conversations of its scope as well.
 *
 * <p>
 * <b>Several writers.</b> Changes of one conversation, by this or other processes, take effect one after the other. Each
 * call is done completely or not at all. If the database's answer is lost, the change is repeated until its deadline (10 s by
 * default); if it is still unknown then whether it was done, the call fails with an {@link InDoubtException}, and repeating
 * it is safe. A repeated {@link #replaceWindow} takes effect as a later one: it also replaces what others have put there
 * meanwhile, and the log may then have its messages twice.
 *
 * <p>
 * <b>Cost.</b> Appending, changing the window, and reading the window or a page of the log cost the same however long the log
 * is.
 *
 * <p>
 * Futures fail with an {@link InvalidInputException} if a value is out of its range, and with a {@link StoreException} if the
 * database fails or this memory is closed. What {@link MemoryOrchestrator} says about threads and futures holds here too.
 */
public final class Conversations {

  /** The most messages that are appended at once. */
  public static final int MOST_MESSAGES = 1_000;
  /** The most characters that the texts and payloads of the messages of one call have together. */
  public static final int MOST_CHARACTERS = 64_000_000;
  /** The longest window that can be read or replaced, in messages. */
  public static final int LONGEST_WINDOW = 10_000;
  /** The longest page of messages. */
  public static final int LONGEST_PAGE = 1_000;
  /** The longest page of conversations. */
  public static final int LONGEST_LIST = 10_000;

  private static final long PAGE_BYTES = 64_000_000;
  private static final long WINDOW_BYTES = 256_000_000;

  private final MemoryOrchestrator memory;

  Conversations(MemoryOrchestrator memory) {
    this.memory = memory;
  }

  /**
   * Appends messages, which enter the window: all or none, in one round trip. Messages whose ids the conversation already
   * has are not stored again, so a call can be repeated.
   *
   * @param conversation a scope with a run
   * @param messages at most {@value #MOST_MESSAGES} with different ids, and {@value #MOST_CHARACTERS} characters together
   * @return the messages as they are stored now, in the order of the list; new ones have ascending positions, greater than
   * all before. Fails with an {@link InvalidInputException}, and stores nothing, if an id belongs to another message of the
   * conversation
   */
  public CompletableFuture<List<ConversationMessage>> append(Scope conversation, List<NewMessage> messages) {
    return begin(handler -> {
      requireConversation(conversation);
      requireMessages(messages, MOST_MESSAGES);
      return messages.isEmpty()
          ? CompletableFuture.completedFuture(List.of())
          : handler.append(conversation, List.copyOf(messages));
    });
  }

  /**
   * Makes the window consist of these messages, in this order, for callers that keep the window themselves and hand it over
   * as a whole. Messages are the same if format and payload are. The longest beginning of the list that the window contains
   * in this order is kept, with the positions and ids that it has; the rest is appended; all others leave the window and
   * stay in the log. So a window that grew at its end costs one small write, and one that was changed in its middle is
   * appended again from there.
   *
   * @param conversation a scope with a run
   * @param messages at most {@value #LONGEST_WINDOW} with different ids, and {@value #MOST_CHARACTERS} characters together;
   * an empty list empties the window. An appended message whose id is taken gets a fresh one
   */
  public CompletableFuture<Void> replaceWindow(Scope conversation, List<NewMessage> messages) {
    return begin(handler -> {
      requireConversation(conversation);
      requireMessages(messages, LONGEST_WINDOW);
      return handler.replaceWindow(conversation, List.copyOf(messages));
    });
  }

  /**
   * Lets messages leave the window; they stay in the log.
   *
   * @param positions at most {@value #LONGEST_WINDOW}; those that are not in the window are ignored
   */
  public CompletableFuture<Void> leaveWindow(Scope conversation, Collection<Long> positions) {
    return begin(handler -> {
      requireConversation(conversation);
      requireCount("positions", positions.size(), LONGEST_WINDOW);
      return handler.leaveWindow(conversation, List.copyOf(positions));
    });
  }

  /**
   * Reads the window: the messages that have not left it, in order. Empty if there is no such conversation.
   *
   * @return fails with an {@link InvalidInputException} if the window has more than {@value #LONGEST_WINDOW} messages or 256
   * MB; let some leave it, or read the log in pages
   */
  public CompletableFuture<List<ConversationMessage>> window(Scope conversation) {
    return begin(handler -> {
      requireConversation(conversation);
      return handler.store().window(conversation, LONGEST_WINDOW, WINDOW_BYTES).thenApply(window -> {
        if (window.more()) {
          throw new InvalidInputException("the conversation's window has more than " + LONGEST_WINDOW
              + " messages or 256 MB; let some leave it, or read the log in pages");
        }
        return window.messages();
      });
    });
  }

  /**
   * Reads the end of the window, or a part of it.
   *
   * @param before only messages before this position; {@link Long#MAX_VALUE} for the end
   */
  CompletableFuture<WindowEnd> windowEnd(Scope conversation, long before, int limit) {
    return begin(handler -> {
      requireConversation(conversation);
      return handler.store().windowEnd(conversation, before, limit, PAGE_BYTES);
    });
  }

  /**
   * Reads a page of the log: all messages in order, in the window or not. A page also ends when its texts and payloads have
   * 64 MB together.
   *
   * @param after where the page begins: {@link MessagePage#next} of the page before, or the position of any message; 0 for
   * the first page
   * @param limit how many messages at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<MessagePage> messages(Scope conversation, long after, int limit) {
    return begin(handler -> {
      requireConversation(conversation);
      requireLimit(limit, LONGEST_PAGE);
      return handler.store().messages(conversation, after, limit, PAGE_BYTES).thenApply(page -> new MessagePage(
          page.messages(), page.more() ? page.messages().getLast().position() : null));
    });
  }

  /**
   * Reads a page of the log as {@link #messages} does, for an export: with what restores the window as well.
   *
   * @param after where the page begins: {@link MessageArchivePage#next} of the page before; 0 for the first page
   * @param limit how many messages at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<MessageArchivePage> exportPage(Scope conversation, long after, int limit) {
    return begin(handler -> {
      requireConversation(conversation);
      requireLimit(limit, LONGEST_PAGE);
      return handler.store().archive(conversation, after, limit, PAGE_BYTES).thenApply(page -> new MessageArchivePage(
          page.messages(), page.more() ? page.messages().getLast().message().position() : null));
    });
  }

  /**
   * Restores messages as they were, with their ids, positions and times, and begins the conversation if it is new. What it
   * has already is not changed, so an import can be repeated.
   *
   * @param messages at most {@value #MOST_MESSAGES} with different ids and different positions, and
   * {@value #MOST_CHARACTERS} characters together
   * @return the outcomes, in the order of the list
   */
  public CompletableFuture<List<MessageImportOutcome>> importMessages(
      Scope conversation, List<ArchivedMessage> messages) {
    return begin(handler -> {
      requireConversation(conversation);
      requireMessages(messages.stream().map(ArchivedMessage::message).map(message -> new NewMessage(message.id(),
          message.role(), message.text(), message.format(), message.payload())).toList(), MOST_MESSAGES);
      requirePositions(messages);
      return handler.restore(conversation, List.copyOf(messages));
    });
  }

  /**
   * Lists conversations in the order in which they began.
   *
   * @param within lists the conversations that this scope matches; null for all
   * @param after where the page begins: {@link ConversationPage#next} of the page before; 0 for the first page
   * @param limit how many conversations at most, 1 to {@value #LONGEST_LIST}
   */
  public CompletableFuture<ConversationPage> list(@Nullable Scope within, long after, int limit) {
    return begin(handler -> {
      requireLimit(limit, LONGEST_LIST);
      if (!handler.hasStore()) {
        return CompletableFuture.completedFuture(new ConversationPage(List.of(), null));
      }
      return handler.store().list(within, after, limit + 1).thenApply(found -> {
        List<NumberedConversation> kept = found.size() > limit ? found.subList(0, limit) : found;
        return new ConversationPage(kept.stream().map(NumberedConversation::conversation).toList(),
            found.size() > limit ? kept.getLast().number() : null);
      });
    });
  }

  /**
   * Deletes the conversation of exactly this scope. Afterwards nothing of its messages is in the database, except what
   * PostgreSQL keeps of deleted rows until it vacuums, in its log and in backups. The conversation disappears as a whole;
   * then its messages are removed in pages. After a failure or a crash, a repeated call removes the rest, and so does the
   * next sweep. An append whose outcome is not known yet may land afterwards, and begins the conversation again.
   *
   * @return how many messages were removed; those that were removed before the database's answer was lost are not counted
   */
  public CompletableFuture<Long> delete(Scope conversation) {
    return begin(handler -> {
      requireConversation(conversation);
      return handler.delete(conversation);
    });
  }

  private <T> CompletableFuture<T> begin(Function<ConversationHandler, CompletableFuture<T>> call) {
    // Inside the chain, so that what it throws fails the future. No index has messages, so writes wait for none.
    return memory.read(
        engine -> CompletableFuture.completedFuture(engine.conversationHandler).thenCompose(call));
  }

  private static void requireConversation(Scope conversation) {
    if (conversation.run() == null) {
      throw new InvalidInputException("a conversation is named by a scope with a run, and this one has none; say "
          + "scope.withRun(...)");
    }
  }

  private static void requireMessages(List<NewMessage> messages, int most) {
    requireCount("messages", messages.size(), most);
    long characters = 0;
    Set<UUID> ids = new HashSet<>();
    for (NewMessage message : messages) {
      characters += message.length();
      if (!ids.add(message.id())) {
        throw new InvalidInputException("two messages of one call have the id " + message.id()
            + "; give each message an id of its own");
      }
    }
    if (characters > MOST_CHARACTERS) {
      throw new InvalidInputException("the messages have " + characters + " characters together; the limit is "
          + MOST_CHARACTERS + ": pass fewer at once");
    }
  }

  private static void requirePositions(List<ArchivedMessage> messages) {
    Set<Long> positions = new HashSet<>();
    for (ArchivedMessage archived : messages) {
      long position = archived.message().position();
      if (!positions.add(position)) {
        throw new InvalidInputException("the position " + position
            + " is that of two messages of one call; restore messages with the positions that they had");
      }
    }
  }

  private static void requireCount(String what, int count, int most) {
    if (count > most) {
      throw new InvalidInputException("there are more than " + most + " " + what
          + ", which is the limit: pass or keep fewer");
    }
  }

  private static void requireLimit(int limit, int longest) {
    if (limit < 1 || limit > longest) {
      throw new InvalidInputException("the page's length is " + limit + "; it must be 1 to " + longest);
    }
  }
}
