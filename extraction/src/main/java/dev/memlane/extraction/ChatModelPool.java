package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.Backoff;
import dev.memlane.endpoints.Demand;
import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.EndpointListener;
import dev.memlane.endpoints.EndpointPool;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Permit;
import dev.memlane.endpoints.Policy;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One chat model made of several endpoints (keys of one provider, deployments, servers), each used up to its own limits:
 * {@code Retry(Choose(ChatModel))}.
 *
 * <pre>{@code
 * ChatModel model = ChatModelPool.builder()
 *     .endpoint("east", OpenAiChatModel.openAi("gpt-5-mini").apiKey(one).build(), ChatModelPool.limits().concurrency(8))
 *     .endpoint("west", OpenAiChatModel.openAi("gpt-5-mini").apiKey(two).build())
 *     .build();
 * }</pre>
 *
 * <p>
 * A request goes to an endpoint that can begin it at once, and waits bound to none while there is none. It never waits at
 * one endpoint while another is idle. After a retryable failure it is sent to another endpoint at once, or after a growing
 * pause to the same, up to the number of attempts.
 *
 * <p>
 * <b>Failure.</b> Futures fail with a {@link ChatException}: the last attempt has failed, no endpoint can be used, the
 * deadline has passed, too many requests wait, or the pool is closed.
 *
 * <p>
 * <b>Time.</b> A caller waits until the deadline at most. A request that takes longer than its endpoint's time-out is
 * cancelled and its permit given back, even if the model never returns from {@link ChatModel#chat}.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads; {@link #chat} doesn't wait. Models are called, and callers' futures
 * completed, on virtual threads. Cancelling a caller's future ends its request.
 */
public final class ChatModelPool implements ChatModel {

  private static final Duration LONGEST_DELAY = Duration.ofDays(365);

  private final List<Endpoint<ChatModel>> members;
  private final EndpointPool<ChatModel> endpoints;
  private final int attempts;
  private final Backoff backoff;
  private final Duration deadline;
  private final int mostWaiting;
  private final ScheduledThreadPoolExecutor timer;
  private final Set<PendingChat> unanswered = ConcurrentHashMap.newKeySet();

  private final Object lock = new Object();
  @GuardedBy("lock")
  private final Deque<PendingChat> waiting = new ArrayDeque<>();
  @GuardedBy("lock")
  private boolean closed;

  private ChatModelPool(Builder builder) {
    this.members = List.copyOf(builder.endpoints);
    this.attempts = builder.attempts;
    this.backoff = new Backoff(builder.firstPause);
    this.deadline = builder.deadline;
    this.mostWaiting = builder.mostWaiting;
    this.timer = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-chat-deadlines").factory());
    timer.setRemoveOnCancelPolicy(true);
    try {
      this.endpoints = new EndpointPool<>(members, builder.policy, builder.listener, timer, System::nanoTime);
    } catch (RuntimeException e) {
      timer.shutdownNow();
      throw e;
    }
    endpoints.onFree(this::dispatch);
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Limits for a chat endpoint to begin with: two minutes for a request, and no other known limit. */
  public static EndpointLimits limits() {
    return EndpointLimits.none().timeout(Duration.ofMinutes(2));
  }

  @Override
  public String model() {
    return members.getFirst().target().model();
  }

  /** Each endpoint, in the order given, at one moment. Its items are requests, and its units tokens. */
  public List<EndpointStats> endpointStatistics() {
    return endpoints.stats();
  }

  @Override
  public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
    PendingChat chat = new PendingChat(request);
    String refusal;
    synchronized (lock) {
      refusal = closed
          ? closedMessage()
          : waiting.size() >= mostWaiting
              ? mostWaiting + " requests are waiting for model " + model()
                  + ", which is the limit; try again later, or raise the limit"
              : null;
      if (refusal == null) {
        unanswered.add(chat);
        waiting.add(chat);
      }
    }
    if (refusal != null) {
      return CompletableFuture.failedFuture(new ChatException(refusal, null));
    }
    try {
      watch(chat);
    } catch (RejectedExecutionException e) {
      // It is being closed, which fails the request.
      fail(chat, new ChatException(closedMessage(), e));
    }
    dispatch();
    return chat.caller;
  }

  private String closedMessage() {
    return "the pool of model " + model() + " has been closed";
  }

  /** Fails a caller at its deadline, and ends what is done for it whenever its future ends. */
  private void watch(PendingChat chat) {
    ScheduledFuture<?> late = schedule(deadline, () -> fail(chat, lateAfter(chat)));
    var unused = chat.caller.whenComplete((answer, failure) -> {
      late.cancel(false);
      unanswered.remove(chat);
      synchronized (lock) {
        waiting.remove(chat);
      }
      chat.cancelAttempt();
    });
  }

  private ChatException lateAfter(PendingChat chat) {
    ChatException last = chat.lastFailure();
    String problems = endpoints.problems();
    String why = last != null ? String.valueOf(last.getMessage()) : problems;
    return new ChatException("model " + model() + " gave no answer within the deadline of " + deadline.toMillis()
        + " ms; try again later, or check whether it is overloaded or unreachable"
        + (why.isEmpty() ? "" : "; the last failure: " + why), last);
  }

  /** Not on the thread that keeps the time, because stages chained to a future may block. */
  private ScheduledFuture<?> schedule(Duration delay, Runnable task) {
    Duration bounded = delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY;
    return timer.schedule(() -> onThread(task), bounded.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static void onThread(Runnable task) {
    Thread.ofVirtual().name("memlane-chat").start(task);
  }

  private void fail(PendingChat chat, ChatException failure) {
    chat.caller.completeExceptionally(failure);
  }

  /** A request and the permit with which it can be sent now. */
  private record Ready(PendingChat chat, Permit<ChatModel> permit) {}

  /** Sends all requests that can be sent now. It runs whenever one is added and whenever a permit may be free. */
  private void dispatch() {
    for (Ready ready = next(); ready != null; ready = next()) {
      Ready sent = ready;
      onThread(() -> send(sent.chat, sent.permit));
    }
    String why = endpoints.whyUnusable();
    if (why != null) {
      List<PendingChat> hopeless;
      synchronized (lock) {
        hopeless = List.copyOf(waiting);
        waiting.clear();
      }
      hopeless.forEach(chat -> onThread(() -> fail(chat,
          new ChatException("no endpoint of model " + model() + " can be used: " + why, null))));
    }
  }

  private @Nullable Ready next() {
    synchronized (lock) {
      for (Iterator<PendingChat> each = waiting.iterator(); each.hasNext();) {
        PendingChat chat = each.next();
        long tokens = chat.request.estimatedTokens();
        Permit<ChatModel> permit = endpoints.take(new Demand(tokens, tokens, null, chat.notBefore()));
        if (permit != null) {
          each.remove();
          return new Ready(chat, permit);
        }
        if (chat.notBefore().isEmpty()) {
          // This one may go anywhere and can't go now, so none after it may. Otherwise small ones would always overtake
          // it.
          return null;
        }
      }
      return null;
    }
  }

  private void send(PendingChat chat, Permit<ChatModel> permit) {
    CompletableFuture<ChatAnswer> attempt = new CompletableFuture<>();
    if (!chat.begin(attempt)) {
      permit.abandon();
      return;
    }
    permit.begin(1, chat.request.estimatedTokens());
    Endpoint<ChatModel> endpoint = permit.endpoint();
    var unused = attempt.whenComplete((answer, failure) -> end(chat, permit, answer, failure));
    try {
      ScheduledFuture<?> late = schedule(endpoint.limits().timeout(),
          () -> attempt.completeExceptionally(new ChatTimeout(endpoint)));
      unused = attempt.whenComplete((answer, failure) -> late.cancel(false));
      CompletableFuture<ChatAnswer> answer = endpoint.target().chat(chat.request);
      unused = answer.whenComplete((received, failure) -> {
        if (failure == null) {
          attempt.complete(received);
        } else {
          attempt.completeExceptionally(failure);
        }
      });
      unused = attempt.whenComplete((received, failure) -> answer.cancel(true));
    } catch (Throwable e) {
      // Errors too: the permit must be given back, and the caller be notified.
      attempt.completeExceptionally(e);
    }
  }

  /** A failure for an attempt that took too long. */
  private static final class ChatTimeout extends Exception {
    private ChatTimeout(Endpoint<ChatModel> endpoint) {
      super("it did not answer within " + endpoint.limits().timeout().toMillis() + " ms");
    }
  }

  private void end(PendingChat chat, Permit<ChatModel> permit, @Nullable ChatAnswer answer,
      @Nullable Throwable failed) {
    if (answer != null) {
      long prompt = answer.promptTokens();
      permit.succeeded(prompt < 0 ? Allowance.UNKNOWN : prompt + Math.max(0, answer.completionTokens()),
          answer.allowance());
      chat.caller.complete(answer);
      return;
    }
    if (chat.caller.isDone()) {
      permit.abandon();
      return;
    }
    ChatFailure failure = failed instanceof ChatTimeout
        ? new ChatFailure(Failure.TIMED_OUT, String.valueOf(failed.getMessage()), null, failed)
        : ChatFailure.of(failed);
    Endpoint<ChatModel> endpoint = permit.endpoint();
    boolean again = chat.failed(failure, endpoint.name(), attempts,
        attempt -> endpoints.now() + backoff.pause(attempt).toNanos(), members.size() > 1);
    boolean offered = again && offerAgain(chat);
    permit.failed(failure.failure(), failure.why(), failure.retryAfter());
    if (offered) {
      return;
    }
    ChatException last = chat.lastFailure();
    fail(chat, last == null ? new ChatException(failure.why(), failure.cause()) : last);
  }

  /** Before the permit is given back, so that this request, which has waited longest, is the first that may have it. */
  private boolean offerAgain(PendingChat chat) {
    synchronized (lock) {
      if (closed || chat.caller.isDone()) {
        return false;
      }
      waiting.addFirst(chat);
      return true;
    }
  }

  /** Fails what waits and what is in flight, and closes the models. */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    List.copyOf(unanswered).forEach(chat -> fail(chat, new ChatException(closedMessage(), null)));
    endpoints.close();
    timer.shutdownNow();
    RuntimeException failure = null;
    for (Endpoint<ChatModel> member : members) {
      try {
        member.target().close();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public String toString() {
    return "ChatModelPool[" + model() + ", " + members.stream().map(Endpoint::name).collect(Collectors.joining(", "))
        + "]";
  }

  /** A builder of pools. Not safe for use by several threads. */
  public static final class Builder {

    private final List<Endpoint<ChatModel>> endpoints = new ArrayList<>();
    private Policy policy = Policy.LEAST_LOADED;
    private int attempts = 5;
    private Duration firstPause = Duration.ofMillis(500);
    private Duration deadline = Duration.ofMinutes(10);
    private int mostWaiting = 1_000;
    private EndpointListener listener = EndpointListener.NONE;

    private Builder() {}

    /** Adds an endpoint with {@link ChatModelPool#limits}. */
    public Builder endpoint(String name, ChatModel model) {
      return endpoint(name, model, limits());
    }

    /**
     * Adds an endpoint.
     *
     * @param name its name in reports; not secret
     * @param model sends the requests; it is closed with the pool
     * @param limits its limits; the units are tokens of questions and answers together
     */
    public Builder endpoint(String name, ChatModel model, EndpointLimits limits) {
      return endpoint(name, model, limits, 1);
    }

    /** @param weight its share of the requests, relative to the others', with {@link Policy#WEIGHTED} */
    public Builder endpoint(String name, ChatModel model, EndpointLimits limits, int weight) {
      endpoints.add(new Endpoint<>(name, model, limits, weight));
      return this;
    }

    /** Sets how to choose among the endpoints that can begin a request; the least loaded unless set. */
    public Builder policy(Policy policy) {
      this.policy = policy;
      return this;
    }

    /** Sets how often a request with retryable failures is sent at most; 5 times unless set. */
    public Builder attempts(int attempts) {
      this.attempts = atLeastOne("attempts", attempts);
      return this;
    }

    /**
     * Sets how long an endpoint doesn't get a request again after failing it for the first time; 500 ms unless set. The
     * pause doubles with each failure, up to 5 s. Up to half of each pause is taken off at random.
     */
    public Builder firstPause(Duration firstPause) {
      this.firstPause = positive("firstPause", firstPause);
      return this;
    }

    /** Sets how long a caller waits at most, over all attempts; ten minutes unless set. */
    public Builder deadline(Duration deadline) {
      this.deadline = positive("deadline", deadline);
      return this;
    }

    /** Sets how many requests may wait for a permit; 1,000 unless set. More are refused. */
    public Builder mostWaiting(int requests) {
      this.mostWaiting = atLeastOne("mostWaiting", requests);
      return this;
    }

    /** Sets a listener to events at the endpoints; none unless set. */
    public Builder listener(EndpointListener listener) {
      this.listener = listener;
      return this;
    }

    private static int atLeastOne(String name, int value) {
      if (value < 1) {
        throw new InvalidInputException(name + " is " + value + "; it must be at least 1");
      }
      return value;
    }

    private static Duration positive(String name, Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new InvalidInputException(name + " is " + value + "; it must be positive");
      }
      return value;
    }

    /** @throws InvalidInputException if there is no endpoint, or two have the same name */
    public ChatModelPool build() {
      return new ChatModelPool(this);
    }
  }
}
