package dev.memlane.embedding;

import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Permit;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One call of an embedder, from the permit it was given to its end.
 *
 * <p>
 * <b>It ends exactly once</b>, by the first of: the embedder's answer or failure, the endpoint's time-out, or being
 * abandoned. The end is a single compare-and-set; what comes later is ignored. Then, in this order: the timer is
 * cancelled; the owner decides what becomes of the texts; the permit is given back, which lets the next request go out;
 * the callers are notified; and the embedder's future, if it is still running, is cancelled. So the permit comes back
 * even if the embedder never answers or never returns, and the model works while callers are notified.
 *
 * <p>
 * <b>Threads.</b> The embedder is called on the executor. Its answer is checked, and the next request is sent, by the
 * thread that completes the embedder's future. Callers are notified on the executor.
 */
final class EmbeddingRequest {

  private final Permit<Embedder> permit;
  private final Batch batch;
  private final EmbeddingFailures failures;
  private final TaskScheduler tasks;
  private final Owner owner;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile @Nullable ScheduledFuture<?> timer;
  private volatile @Nullable CompletableFuture<?> answer;
  /** The step that is reported; null before the request is sent, and if nobody listens. */
  private volatile @Nullable Activity step;

  /** The one that sent the request and decides about its texts. */
  interface Owner {

    /**
     * Checks an answer's vectors.
     *
     * @param vectors null if there was no answer
     * @throws EndpointException if the answer is unusable as a whole
     */
    List<VectorValidator.Checked> check(Batch batch, @Nullable List<float[]> vectors);

    /**
     * Decides what becomes of the texts, and returns the notifications of their callers. Called once, without a lock.
     */
    List<Runnable> ended(EmbeddingRequest request, Result result);
  }

  /** How a request ended. */
  sealed interface Result {

    /** The embedder answered; {@code tokens} and {@code allowance} as in {@link MeteredEmbedder.Answer}. */
    record Answered(List<VectorValidator.Checked> vectors, long tokens, @Nullable Allowance allowance)
        implements
          Result {}

    /**
     * The embedder failed, or did not answer in time.
     *
     * @param forCallers what the callers get if the texts are given up
     * @param reason a line for reports about the endpoint
     * @param retryAfter how long the endpoint asks to be left alone; null if it doesn't say
     */
    record Failed(Failure failure, EmbeddingException forCallers, String reason, @Nullable Duration retryAfter)
        implements
          Result {}

    /** The request was given up from outside. */
    record Abandoned(EmbeddingException why) implements Result {}
  }

  /** @param batch its attempts include this request */
  EmbeddingRequest(Permit<Embedder> permit, Batch batch, EmbeddingFailures failures, TaskScheduler tasks,
      Owner owner) {
    this.permit = permit;
    this.batch = batch;
    this.failures = failures;
    this.tasks = tasks;
    this.owner = owner;
  }

  Batch batch() {
    return batch;
  }

  Endpoint<Embedder> endpoint() {
    return permit.endpoint();
  }

  /**
   * Sends the request.
   *
   * @throws RejectedExecutionException if there is no timer for its time-out; it has to be abandoned then
   */
  void send() {
    step = Activity.sharedStep(batch.activities(), StepType.EMBEDDING_REQUEST, batch.size(), failures.model(),
        endpoint().name());
    permit.begin(batch.size(), batch.tokens());
    timer = tasks.schedule(endpoint().limits().timeout(), this::timeOut);
    if (ended.get()) {
      // Closed meanwhile, possibly before there was a timer to cancel or a step to end.
      cancelTimer();
      Activity.end(step, null, failures.closed());
      return;
    }
    tasks.run(this::call);
  }

  private void call() {
    Embedder embedder = endpoint().target();
    Runnable entered = Activity.enter(step);
    try {
      if (embedder instanceof MeteredEmbedder metered && !batch.ofQuestions()) {
        await(metered.embedMetered(batch.strings()), Function.identity());
      } else {
        await(batch.ofQuestions() ? embedder.embedQuestions(batch.strings()) : embedder.embed(batch.strings()),
            vectors -> new MeteredEmbedder.Answer(vectors, Allowance.UNKNOWN, null));
      }
    } catch (Throwable e) {
      // Errors too: the permit must be given back and the callers notified.
      fail(e);
    } finally {
      Activity.leave(entered);
    }
  }

  private <T> void await(@Nullable CompletableFuture<T> given, Function<T, MeteredEmbedder.Answer> reader) {
    CompletableFuture<T> future = Objects.requireNonNull(given, "the embedder returned null for a future");
    var unused = future.whenComplete((value, failure) -> {
      try {
        if (failure != null) {
          fail(failure);
        } else {
          succeed(value == null ? null : reader.apply(value));
        }
      } catch (Throwable e) {
        // Otherwise lost in a future that no one reads.
        fail(e);
      }
    });
    answer = future;
    if (ended.get()) {
      future.cancel(true);
    }
  }

  private void succeed(MeteredEmbedder.@Nullable Answer received) {
    List<VectorValidator.Checked> vectors = owner.check(batch, received == null ? null : received.vectors());
    end(new Result.Answered(vectors, received == null ? Allowance.UNKNOWN : received.tokens(),
        received == null ? null : received.allowance()), tasks::runAll);
  }

  private void fail(Throwable thrown) {
    Throwable cause = thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    if (cause instanceof EndpointException known) {
      fail(known.failure(), failures.ofEndpoint(endpoint(), batch.attempts(), known),
          String.valueOf(known.getMessage()), known.retryAfter().orElse(null));
    } else {
      EmbeddingException failure = failures.ofModel(cause);
      fail(Failure.UNKNOWN, failure, String.valueOf(failure.getMessage()), null);
    }
  }

  private void timeOut() {
    Duration timeout = endpoint().limits().timeout();
    fail(Failure.TIMED_OUT, failures.requestTimedOut(timeout), "no answer within " + timeout.toMillis() + " ms", null);
  }

  private void fail(Failure failure, EmbeddingException forCallers, String reason, @Nullable Duration retryAfter) {
    end(new Result.Failed(failure, forCallers, reason, retryAfter), tasks::runAll);
  }

  /**
   * Gives the request up, unless it has ended.
   *
   * @param why what its callers get
   * @param notifier receives the notifications of the callers
   */
  void abandon(EmbeddingException why, Consumer<List<Runnable>> notifier) {
    end(new Result.Abandoned(why), notifier);
  }

  private void end(Result result, Consumer<List<Runnable>> notifier) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    cancelTimer();
    Activity.end(step, null, failure(result));
    List<Runnable> notifications = owner.ended(this, result);
    try {
      giveBackPermit(result);
    } finally {
      notifier.accept(notifications);
    }
    CompletableFuture<?> running = answer;
    if (running != null) {
      running.cancel(true);
    }
  }

  private static @Nullable Throwable failure(Result result) {
    return switch (result) {
      case Result.Answered answered -> null;
      case Result.Failed failed -> failed.forCallers();
      case Result.Abandoned abandoned -> abandoned.why();
    };
  }

  private void giveBackPermit(Result result) {
    switch (result) {
      case Result.Answered answered -> permit.succeeded(answered.tokens(), answered.allowance());
      case Result.Failed failed -> permit.failed(failed.failure(), failed.reason(), failed.retryAfter());
      case Result.Abandoned abandoned -> permit.abandon();
    }
  }

  private void cancelTimer() {
    ScheduledFuture<?> set = timer;
    if (set != null) {
      set.cancel(false);
    }
  }
}
