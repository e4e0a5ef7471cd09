package dev.memlane.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.memory.ChatMemory;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.langchain4j.MessageWindow.Entry;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Conversations;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A chat memory that keeps a conversation exactly, shows a model its newest messages, and can remember the others.
 *
 * <pre>{@code
 * AiServices.builder(Assistant.class).chatModel(model)
 *     .chatMemoryProvider(MemlaneChatMemory.builder(memory).maxMessages(20).rememberEvicted(true)::build)
 * }</pre>
 *
 * <p>
 * <b>Kept.</b> Adding a message inserts one row into the memory's log of conversations, however long the conversation
 * is. Messages of all kinds come back exactly as they were, also in another process. What leaves the window stays in the
 * log.
 *
 * <p>
 * <b>Shown.</b> {@link #messages} are the newest messages by LangChain4j's rules: a system message comes first and stays,
 * a new one takes its place, and results of tools leave together with their calls.
 *
 * <p>
 * <b>Remembered.</b> With {@link Builder#rememberEvicted}, what users and assistants said becomes a memory of the
 * conversation's scope before it leaves the window, so a crash loses nothing: text only, with the role as its actor,
 * and once, because its key is the message's id. While that fails, messages stay in the window of the log, and each
 * further message tries again; the model is shown no more than before.
 *
 * <p>
 * <b>Facts.</b> With {@link Builder#rememberFacts}, a chat model reads the conversation after each answer, in the background,
 * and keeps what matters as memories.
 *
 * <p>
 * Safe for use by several threads, of which one at a time should add to a conversation.
 */
public final class MemlaneChatMemory implements ChatMemory {

  private static final System.Logger LOGGER = System.getLogger(MemlaneChatMemory.class.getName());

  private final Object id;
  private final Scope conversation;
  private final MemoryOrchestrator memory;
  private final Conversations conversations;
  private final int maxMessages;
  private final boolean remembering;
  private final @Nullable Consumer<Scope> facts;

  private MemlaneChatMemory(Builder builder, Object id) {
    this.id = id;
    this.conversation = builder.scope.apply(id);
    this.memory = builder.memory;
    this.conversations = builder.memory.conversations();
    this.maxMessages = builder.maxMessages;
    this.remembering = builder.remembering;
    this.facts = builder.facts;
  }

  /**
   * Begins to build chat memories.
   *
   * @param memory stays open; the caller closes it
   */
  public static Builder builder(MemoryOrchestrator memory) {
    return new Builder(memory);
  }

  @Override
  public Object id() {
    return id;
  }

  /** The scope of the conversation, in which its messages are remembered. */
  public Scope scope() {
    return conversation;
  }

  @Override
  public void add(ChatMessage message) {
    BlockingMemory.await(addAsync(List.of(message)));
  }

  @Override
  public void add(Iterable<ChatMessage> messages) {
    BlockingMemory.await(addAsync(list(messages)));
  }

  /** Adds messages in one round trip: all or none. A system message that is there already is not added again. */
  @Override
  public CompletableFuture<Void> addAsync(List<ChatMessage> messages) {
    return entries().thenCompose(present -> {
      List<ChatMessage> added = withoutKnownSystem(present, messages);
      if (added.isEmpty()) {
        return CompletableFuture.<Void>completedFuture(null);
      }
      return conversations.append(conversation, ChatMessages.encode(added)).thenCompose(stored -> {
        List<Entry> all = new ArrayList<>(present);
        for (int i = 0; i < added.size(); i++) {
          all.add(new Entry(stored.get(i), added.get(i)));
        }
        if (facts != null && added.stream().anyMatch(MemlaneChatMemory::endsAnExchange)) {
          facts.accept(conversation);
        }
        return leave(MessageWindow.of(all, maxMessages).leaving());
      });
    });
  }

  /** Whether the model has answered, and not asked for a tool. */
  private static boolean endsAnExchange(ChatMessage message) {
    return message instanceof AiMessage answer && !answer.hasToolExecutionRequests();
  }

  private static List<ChatMessage> withoutKnownSystem(List<Entry> present, List<ChatMessage> messages) {
    ChatMessage system = null;
    for (Entry entry : present) {
      if (entry.message() instanceof SystemMessage) {
        system = entry.message();
      }
    }
    List<ChatMessage> added = new ArrayList<>();
    for (ChatMessage message : messages) {
      if (message instanceof SystemMessage) {
        if (message.equals(system)) {
          continue;
        }
        system = message;
      }
      added.add(message);
    }
    return added;
  }

  /** Lets messages leave the window, once they are remembered. The message that made them leave is stored by now. */
  private CompletableFuture<Void> leave(List<Entry> leaving) {
    if (leaving.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    return remember(leaving)
        .thenCompose(staying -> {
          List<Long> done = leaving.stream().map(Entry::stored).filter(message -> !staying.contains(message.id()))
              .map(ConversationMessage::position).toList();
          return done.isEmpty()
              ? CompletableFuture.<Void>completedFuture(null)
              : conversations.leaveWindow(conversation, done);
        })
        .exceptionally(failure -> {
          // The message is stored. What should have left stays in the window, and the next message tries again.
          LOGGER.log(System.Logger.Level.WARNING, "messages of a conversation could not leave its window yet", failure);
          return null;
        });
  }

  /** Remembers what was said. Returns the ids of the messages that could not be remembered yet, and have to stay. */
  private CompletableFuture<Set<UUID>> remember(List<Entry> leaving) {
    Map<UUID, NewMemory> memories = new LinkedHashMap<>();
    if (remembering) {
      leaving.forEach(entry -> addMemory(entry.stored(), memories));
    }
    if (memories.isEmpty()) {
      return CompletableFuture.completedFuture(Set.of());
    }
    return memory.addMemories(List.copyOf(memories.values())).thenApply(outcomes -> {
      Map<UUID, WriteOutcome> failures = new LinkedHashMap<>();
      Iterator<WriteOutcome> outcome = outcomes.iterator();
      memories.keySet().forEach(message -> failures.put(message, outcome.next()));
      failures.values().removeIf(MemlaneChatMemory::isDone);
      if (!failures.isEmpty()) {
        LOGGER.log(System.Logger.Level.WARNING,
            "{0} messages stay in the window of a conversation, because they could not be remembered yet: {1}",
            failures.size(), failures.values().iterator().next().describe());
      }
      return failures.keySet();
    });
  }

  private void addMemory(ConversationMessage message, Map<UUID, NewMemory> memories) {
    String text = message.text();
    if (text == null || message.role() != MessageRole.USER && message.role() != MessageRole.ASSISTANT) {
      return;
    }
    try {
      memories.put(message.id(), NewMemory.builder(text, conversation).key("message/" + message.id())
          .actor(message.role().name().toLowerCase(Locale.ROOT)).occurredAt(message.createdAt()).build());
    } catch (InvalidInputException e) {
      // Such as a text that is too long. Trying again would not help, and the log has it.
      LOGGER.log(System.Logger.Level.WARNING, "message {0} of a conversation is not remembered: {1}", message.id(),
          e.getMessage());
    }
  }

  /** Whether trying again would change nothing: it is remembered, was remembered and deleted, or can't be. */
  private static boolean isDone(WriteOutcome outcome) {
    return outcome.succeeded() || outcome instanceof WriteOutcome.WasDeleted
        || outcome instanceof WriteOutcome.Refused refused && isFinal(refused.cause());
  }

  /** Whether the text itself was refused, by the memory or by the embedding model. */
  private static boolean isFinal(@Nullable Throwable refusal) {
    for (Throwable cause = refusal; cause != null; cause = cause.getCause()) {
      if (cause instanceof InvalidInputException
          || cause instanceof EndpointException failed && failed.failure() == Failure.REFUSED) {
        return true;
      }
    }
    return false;
  }

  /** Makes these the messages of the window. Those that are no longer among them stay in the log. */
  @Override
  public void set(Iterable<ChatMessage> messages) {
    BlockingMemory.await(setAsync(list(messages)));
  }

  @Override
  public CompletableFuture<Void> setAsync(List<ChatMessage> messages) {
    return conversations.replaceWindow(conversation, ChatMessages.encode(messages));
  }

  @Override
  public List<ChatMessage> messages() {
    return BlockingMemory.await(messagesAsync());
  }

  @Override
  public CompletableFuture<List<ChatMessage>> messagesAsync() {
    return entries().thenApply(entries -> MessageWindow.of(entries, maxMessages).messages());
  }

  private CompletableFuture<List<Entry>> entries() {
    return conversations.window(conversation).thenApply(messages -> messages.stream().map(Entry::of).toList());
  }

  /** Deletes the conversation, also what has left the window. What was remembered of it stays; see {@link #erase}. */
  @Override
  public void clear() {
    BlockingMemory.await(conversations.delete(conversation));
  }

  /**
   * Erases the conversation with everything in its scope: its messages, and the memories of it with their histories, so
   * that no store holds their text any more.
   *
   * @throws StoreException if a memory could not be erased; call again, it continues from there
   */
  public void erase() {
    DeleteReport report = BlockingMemory.await(memory.deleteAll(conversation, null, true));
    if (report.failed() > 0) {
      throw new StoreException(report.failed() + " memories of the conversation could not be erased; call again. The "
          + "first: " + report.failures().getFirst().describe(), null);
    }
  }

  private static List<ChatMessage> list(Iterable<ChatMessage> messages) {
    List<ChatMessage> list = new ArrayList<>();
    messages.forEach(list::add);
    return list;
  }

  @Override
  public String toString() {
    return "MemlaneChatMemory[" + conversation + "]";
  }

  /** The settings of chat memories. Once they are set, {@link #build} is safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private Function<Object, Scope> scope = id -> Scope.run(id.toString());
    private int maxMessages = 20;
    private boolean remembering;
    private @Nullable Consumer<Scope> facts;

    private Builder(MemoryOrchestrator memory) {
      this.memory = memory;
    }

    /** Sets to whom conversations belong, such as a user: the id of a chat memory is a run within this scope. */
    public Builder owner(Scope owner) {
      return scope(id -> owner.withRun(id.toString()));
    }

    /**
     * Sets a function from the id of a chat memory to the scope of its conversation, which names a run. By default the id
     * is the run.
     */
    public Builder scope(Function<Object, Scope> scope) {
      this.scope = scope;
      return this;
    }

    /**
     * Sets how many messages a model is shown at most; 20 by default.
     *
     * @throws InvalidInputException if it is less than 1
     */
    public Builder maxMessages(int maxMessages) {
      if (maxMessages < 1) {
        throw new InvalidInputException("maxMessages is " + maxMessages + "; it must be at least 1");
      }
      this.maxMessages = maxMessages;
      return this;
    }

    /** Sets whether what users and assistants said is remembered when it leaves the window; false by default. */
    public Builder rememberEvicted(boolean rememberEvicted) {
      this.remembering = rememberEvicted;
      return this;
    }

    /**
     * Sets that the facts of conversations are remembered: when the model's answer has been added, what is new in the
     * conversation is remembered in the background, in the scope of the conversation without its run. That never fails or
     * delays an exchange. It needs {@code memlane-extraction}.
     *
     * @param background stays open; the caller closes it after the last exchange, and before its extractor
     */
    public Builder rememberFacts(BackgroundRemembering background) {
      this.facts = background::remember;
      return this;
    }

    /** Builds the chat memory of one conversation: what {@code ChatMemoryProvider.get} does. */
    public MemlaneChatMemory build(Object id) {
      return new MemlaneChatMemory(this, id);
    }
  }
}
