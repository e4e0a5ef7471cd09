package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.InvalidInputException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;

/**
 * A chat model made of a client whose calls block, such as a framework's: it bounds them, cancels them, and finds out in which
 * {@link AnswerFormat} the client can be asked for an answer that follows a schema.
 *
 * <p>
 * Each request has a virtual thread of its own, which is interrupted if the request is cancelled. As many call the client at
 * the same time as {@code concurrency} says; {@value #MOST_WAITING} more wait their turn, the longest waiting first, and
 * further ones fail with {@link Failure#BUSY}. If the client refuses the format of an answer, the same request is made again
 * in the next simpler one; once that has worked, so are all requests after it. Safe for use by several threads if the client is.
 */
public final class BlockingChatModel implements ChatModel {

  /** How many requests call the client at the same time by default. */
  public static final int CONCURRENCY = 32;
  /** How many requests may wait for their turn. */
  public static final int MOST_WAITING = 1_000;

  /** A client whose calls block. */
  public interface Client {

    /**
     * Makes one request.
     *
     * @param request its texts are well-formed. Its messages say what the schema is, unless the format is
     * {@link AnswerFormat#JSON_SCHEMA}
     * @param format how to ask for an answer that follows the schema; of no importance if there is no schema
     * @return a refusal and an answer that was cut off are answers too
     */
    ChatAnswer ask(ChatRequest request, AnswerFormat format) throws Exception;

    /**
     * Translates what {@link #ask} has thrown, which may be an {@link Error}.
     *
     * @return says in one line what happened and what to do, without secrets
     */
    EndpointException translate(Throwable thrown);

    /** Whether what {@link #ask} has thrown means that the client, not its provider, can't ask for this format. */
    boolean isUnableToAsk(Throwable thrown);
  }

  private final String model;
  private final Client client;
  private final int concurrency;
  private final Semaphore permits;
  private volatile AnswerFormat format;

  private final Object lock = new Object();
  @GuardedBy("lock")
  private final Set<Pending> unanswered = new HashSet<>();
  @GuardedBy("lock")
  private boolean closed;

  /**
   * @param model the model's name, for reports
   * @param format the format to begin with
   * @param concurrency how many requests call the client at the same time, at least 1
   */
  public BlockingChatModel(String model, Client client, AnswerFormat format, int concurrency) {
    if (model.isBlank() || concurrency < 1) {
      throw new InvalidInputException("a chat model needs a name, and at least 1 request at a time; they are '" + model
          + "' and " + concurrency);
    }
    this.model = model;
    this.client = Objects.requireNonNull(client, "client");
    this.format = Objects.requireNonNull(format, "format");
    this.concurrency = concurrency;
    this.permits = new Semaphore(concurrency, true);
  }

  @Override
  public String model() {
    return model;
  }

  @Override
  public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
    Pending pending = new Pending(request);
    synchronized (lock) {
      if (closed) {
        return CompletableFuture.failedFuture(closed());
      }
      if (unanswered.size() >= (long) concurrency + MOST_WAITING) {
        return CompletableFuture.failedFuture(new EndpointException(Failure.BUSY, MOST_WAITING
            + " requests are waiting for model " + model + ", which is the limit; try again later", null));
      }
      unanswered.add(pending);
    }
    var unused = pending.answer.whenComplete((received, failure) -> {
      synchronized (lock) {
        unanswered.remove(pending);
      }
      if (pending.answer.isCancelled()) {
        pending.thread.interrupt();
      }
    });
    pending.thread.start();
    return pending.answer;
  }

  /** A request without an answer, and the thread that makes it. */
  private final class Pending {
    private final CompletableFuture<ChatAnswer> answer = new CompletableFuture<>();
    private final Thread thread;

    private Pending(ChatRequest request) {
      this.thread = Thread.ofVirtual().name("memlane-chat-model").unstarted(() -> run(request, answer));
    }
  }

  private EndpointException closed() {
    return new EndpointException(Failure.UNKNOWN, "model " + model + " has been closed", null);
  }

  private void run(ChatRequest request, CompletableFuture<ChatAnswer> answer) {
    try {
      permits.acquire();
      try {
        if (!answer.isDone()) {
          answer.complete(ask(request, answer));
        }
      } finally {
        permits.release();
      }
    } catch (InterruptedException e) {
      // An interrupt by this class follows an answer that is complete. Otherwise the client's own code interrupted the thread.
      answer.completeExceptionally(new EndpointException(Failure.UNKNOWN,
          "the request to model " + model + " was interrupted", e));
    } catch (Throwable e) {
      // Errors too, because a caller waits for the answer.
      answer.completeExceptionally(e instanceof EndpointException known ? known : client.translate(e));
    }
  }

  private ChatAnswer ask(ChatRequest request, CompletableFuture<ChatAnswer> answer) throws Exception {
    AnswerFormat first = format;
    for (AnswerFormat asked = first;; asked = asked.simpler()) {
      try {
        ChatAnswer received = client.ask(prepared(request, asked), asked);
        if (asked != first) {
          settleFor(asked);
        }
        return received;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        EndpointException failure = e instanceof EndpointException known ? known : client.translate(e);
        if (request.schema() == null || asked == AnswerFormat.TEXT || answer.isDone()
            || !client.isUnableToAsk(e) && !SchemaInWords.isRefusalOfTheFormat(failure)) {
          throw failure;
        }
      }
    }
  }

  /** Only once it has worked: what was thrown before may have had another reason. */
  private synchronized void settleFor(AnswerFormat asked) {
    // Another request may have gone further meanwhile.
    if (asked.compareTo(format) > 0) {
      format = asked;
    }
  }

  private static ChatRequest prepared(ChatRequest request, AnswerFormat format) {
    AnswerSchema schema = request.schema();
    List<ChatMessage> messages = schema == null || format == AnswerFormat.JSON_SCHEMA
        ? request.messages()
        : SchemaInWords.in(request.messages(), schema);
    return new ChatRequest(messages.stream()
        .map(message -> new ChatMessage(message.role(), SchemaInWords.wellFormed(message.text()))).toList(), schema,
        request.maxTokens());
  }

  /** Fails the requests that have no answer, and interrupts their calls. The client stays open. */
  @Override
  public void close() {
    List<Pending> open;
    synchronized (lock) {
      closed = true;
      open = List.copyOf(unanswered);
    }
    // All of them before any interrupt. Otherwise an interrupt would be taken for a failure of the client, and the turn of an
    // interrupted call would go to a request that waits.
    open.forEach(pending -> pending.answer.completeExceptionally(closed()));
    open.forEach(pending -> pending.thread.interrupt());
  }

  @Override
  public String toString() {
    return "BlockingChatModel[" + model + "]";
  }
}
