package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointPool;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Policy;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TextForm;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A front to an {@link Embedder}, or to those of an {@link EmbedderPool}, that many callers share:
 * {@code Cache(Coalesce(Batch(Retry(Validate(Embedder)))))}.
 *
 * <pre>{@code
 * try (var embedder = BatchingEmbedder.builder(model).concurrency(2).build()) {
 *   CompletableFuture<Embedding> embedding = embedder.embed("Ada plays the oboe");
 * }
 * }</pre>
 *
 * <p>
 * <b>Batching.</b> There is no timer. A text goes out at once if an endpoint has a free permit. Otherwise texts gather,
 * and the next request takes as many of them, oldest first, as the endpoint's limits allow. So an idle embedder adds no
 * wait, and a busy one sends batches that grow with the load. A text longer than the limit of a request goes alone.
 *
 * <p>
 * <b>Form.</b> Embedders get each text in its {@link TextForm}, so texts that read the same have the same vector. A question
 * and a text with the same words are two texts if the embedder {@linkplain Embedder#distinguishesQuestions distinguishes}
 * them: they go out in different requests, and are cached apart.
 *
 * <p>
 * <b>Sharing.</b> A cached text is answered from the cache. A text that is being embedded is embedded once for all its
 * callers. Each caller has its own future: cancelling it doesn't affect the others. A waiting text that has no caller
 * left is not embedded. Failures are not cached.
 *
 * <p>
 * <b>Failure.</b> A request with a retryable failure ({@link Failure#isRetryable}) is sent again as a whole, to another
 * endpoint at once or to the same after a pause, up to the pool's number of attempts. After the last attempt, or
 * another failure, it is sent in halves, until the failing text is alone: each of {@code n} texts is sent at most
 * {@code log2(n) + 2} times more, and there are fewer than {@code 2n} requests even if all of them fail. A vector
 * without a direction (all zero, or not finite) fails only its own text. All failures are {@link EmbeddingException}s.
 *
 * <p>
 * <b>Time.</b> A caller waits until the deadline at most. A request that takes longer than its endpoint's time-out (for
 * a single embedder: the deadline) is cancelled and its permit is given back, even if the embedder never answers or
 * never returns from {@link Embedder#embed}. It is not halved.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads. No method waits, except that {@link #close} waits for the embedders
 * to close. Embedders are called, and the callers' futures are completed, on virtual threads, one each per request.
 * Answers are checked by the thread that completes the embedder's future. Stages that callers chain to their futures
 * run on such a thread one after the other, so a stage that may wait needs an executor of its own. The next request is
 * sent before the callers of the last are notified, so the model works meanwhile.
 *
 * <p>
 * <b>Structure.</b> A text moves in one direction, through classes that each guard their own state:
 * <ol>
 * <li>{@link Coalescer} looks it up, joins it to a {@link PendingText} under way, or makes a new one;
 * <li>{@link TextQueue} holds it until an endpoint has a permit, and puts a {@link Batch} together;
 * <li>{@link RequestDispatcher} sends the batch as an {@link EmbeddingRequest}, which ends exactly once;
 * <li>{@link RetryPolicy} says what happens to a batch that failed.
 * </ol>
 * Locks are taken in that order too: the coalescer's, the queue's, then a text's or the endpoints' pool's. No foreign
 * code (embedder, executor, a caller's future) runs while any of them is held.
 */
public final class BatchingEmbedder implements AutoCloseable {

  private final EmbedderPool pool;
  private final String vectorName;
  private final boolean distinguishesQuestions;
  private final EndpointPool<Embedder> endpoints;
  private final Duration deadline;
  private final TaskScheduler tasks;
  private final TextQueue queue;
  private final Coalescer coalescer;
  private final RequestDispatcher dispatcher;
  private final EmbeddingFailures failures;
  private final EmbeddingCounters counters = new EmbeddingCounters();
  private final AtomicBoolean embeddersClosed = new AtomicBoolean();

  BatchingEmbedder(EmbedderPool pool, BatchingEmbedderBuilder builder) {
    this.pool = pool;
    String given = builder.vectorName;
    this.vectorName = given == null ? pool.model() : given;
    this.distinguishesQuestions = pool.distinguishesQuestions();
    this.deadline = builder.deadline;
    this.tasks = new TaskScheduler(builder.executor, builder.scheduler);
    this.failures = new EmbeddingFailures(pool.model(), pool.endpoints().size() > 1);
    this.endpoints = new EndpointPool<>(pool.endpoints(), pool.policy(), pool.listener(), tasks.timer(),
        builder.nanoTime);
    this.queue = new TextQueue(pool, endpoints, builder.maxWaiting);
    VectorCache cache = builder.cacheBytes == 0 ? null : new VectorCache(builder.cacheBytes);
    this.coalescer = new Coalescer(cache, queue, pool.tokens(), failures, counters);
    this.dispatcher = new RequestDispatcher(queue, endpoints, tasks,
        new RetryPolicy(pool.attempts(), pool.firstPause()), new VectorValidator(vectorName, pool.dimension()),
        failures, counters);
    endpoints.onFree(dispatcher::dispatch);
  }

  /** Begins to build a front to one embedder, which it will own. Each text is sent to it once. */
  public static BatchingEmbedderBuilder builder(Embedder embedder) {
    Objects.requireNonNull(embedder, "embedder");
    return new BatchingEmbedderBuilder((concurrency, timeout) -> EmbedderPool.of(embedder, concurrency, timeout));
  }

  /** Begins to build a front to the embedders of a pool, which it will own. */
  public static BatchingEmbedderBuilder builder(EmbedderPool pool) {
    Objects.requireNonNull(pool, "pool");
    return new BatchingEmbedderBuilder((concurrency, timeout) -> pool);
  }

  /** The model's name. */
  public String model() {
    return pool.model();
  }

  /** The name that the embeddings carry: the model's, unless the builder was given another. */
  public String vectorName() {
    return vectorName;
  }

  /** How many tokens a text counts for, by the estimate of the embedders. */
  public int tokens(String text) {
    return pool.tokens().applyAsInt(text);
  }

  /** How many numbers the model's vectors have. */
  public int dimension() {
    return pool.dimension();
  }

  /**
   * Checks a vector that a caller supplies.
   *
   * @param given carries the model's name, or that of this embedder's vectors
   * @return the same vector, with the name of this embedder's vectors
   * @throws InvalidInputException if it is of another model, or has another length
   */
  public Embedding compatible(Embedding given) {
    if (!given.model().equals(model()) && !given.model().equals(vectorName) || given.dimension() != dimension()) {
      throw new InvalidInputException("the vector given is " + given + "; this memory compares vectors of " + model()
          + " with " + dimension() + " dimensions: leave the vector out, or embed with that model");
    }
    return given.model().equals(vectorName) ? given : new Embedding(vectorName, given.vector());
  }

  /**
   * Embeds a text.
   *
   * @return the caller's own future; its embedding may be shared, so the vector is read-only. Fails with an
   * {@link EmbeddingException} if the model fails, the deadline passes, too many texts are waiting, or this is closed
   */
  public CompletableFuture<Embedding> embed(String text) {
    return embed(text, null);
  }

  /**
   * Embeds a text.
   *
   * @param workClass the kind of work that the text is for, such as searching; {@link Policy#AFFINITY} sends a class to
   * one endpoint while that has permits. Null for none
   * @return as {@link #embed(String)}
   */
  public CompletableFuture<Embedding> embed(String text, @Nullable String workClass) {
    return embedForStep(EmbedderInput.text(text), workClass, null);
  }

  /**
   * Embeds a text as a step of an operation, which is reported to whoever listens.
   *
   * @param activity the operation; null if nobody listens
   * @return as {@link #embed(String, String)}; but if somebody listens, it fails with a
   * {@link java.util.concurrent.CompletionException} around the failure, and cancelling it leaves the text to be embedded
   */
  public CompletableFuture<Embedding> embed(String text, @Nullable String workClass, @Nullable Activity activity) {
    Activity step = Activity.step(activity, StepType.EMBEDDING, model());
    return Activity.ending(step, embedForStep(EmbedderInput.text(text), workClass, step));
  }

  /**
   * Embeds a question, to be compared with embeddings of texts.
   *
   * @return as {@link #embed(String, String, Activity)}
   */
  public CompletableFuture<Embedding> embedQuestion(
      String question, @Nullable String workClass, @Nullable Activity activity) {
    Activity step = Activity.step(activity, StepType.EMBEDDING, model());
    return Activity.ending(step, embedForStep(new EmbedderInput(question, distinguishesQuestions), workClass, step));
  }

  private CompletableFuture<Embedding> embedForStep(
      EmbedderInput input, @Nullable String workClass, @Nullable Activity step) {
    CompletableFuture<Embedding> future = join(input, workClass, step);
    // A cached text, or a refused one, leaves nothing to send.
    if (!future.isDone()) {
      dispatcher.dispatch();
    }
    return future;
  }

  /**
   * Embeds several texts, in as few requests as possible.
   *
   * @param texts at most as many as may wait; the rest is refused, so hand over long lists in pages
   * @return one future per text, in the order of the texts; each as {@link #embed} would return it, so a text that
   * can't be embedded fails alone
   */
  public List<CompletableFuture<Embedding>> embedAll(List<String> texts) {
    List<CompletableFuture<Embedding>> futures = new ArrayList<>(texts.size());
    try {
      for (String text : texts) {
        futures.add(join(EmbedderInput.text(text), null, null));
      }
    } finally {
      dispatcher.dispatch();
    }
    return futures;
  }

  private CompletableFuture<Embedding> join(EmbedderInput input, @Nullable String workClass, @Nullable Activity step) {
    Coalescer.Lookup lookup = coalescer.lookUp(input, workClass, step);
    PendingText joined = lookup.joined();
    if (joined != null) {
      watch(lookup.caller(), joined);
    }
    return lookup.caller().future;
  }

  /** Fails a caller at its deadline, and lets it leave the text whenever its future ends. */
  private void watch(PendingText.Caller caller, PendingText joined) {
    ScheduledFuture<?> timer;
    try {
      timer = tasks.schedule(deadline, () -> caller.future.completeExceptionally(
          failures.deadlinePassed(deadline, joined.lastFailure(), endpoints.problems())));
    } catch (RejectedExecutionException e) {
      leave(caller, joined);
      caller.future.completeExceptionally(failures.schedulerRejected(e));
      return;
    }
    var unused = caller.future.whenComplete((embedding, failure) -> {
      timer.cancel(false);
      leave(caller, joined);
    });
  }

  private void leave(PendingText.Caller caller, PendingText joined) {
    if (joined.leave(caller)) {
      queue.removeIfUnwanted(joined);
      // Others may have waited behind it.
      dispatcher.dispatch();
    }
  }

  /**
   * Deletes all cached vectors. Vectors that are being computed now reach their callers, but are not cached, so a text
   * that is asked for later is embedded again.
   */
  public void clearCache() {
    coalescer.clearCache();
  }

  /**
   * Fails what waits and what is in flight, and closes the embedders. Later calls of {@link #embed} fail as well. Does
   * nothing the second time.
   */
  @Override
  public void close() {
    detach();
    if (embeddersClosed.compareAndSet(false, true)) {
      pool.closeEmbedders();
    }
  }

  /** As {@link #close}, but leaves the embedders open, for another use by their owner. */
  public void detach() {
    if (coalescer.close()) {
      dispatcher.close();
      endpoints.close();
      tasks.close();
    }
  }

  /** What has been done so far and what is going on. The numbers are read one after the other, not at one moment. */
  public EmbeddingStats stats() {
    List<EndpointStats> each = endpoints.stats();
    return new EmbeddingStats(counters.requests.sum(), counters.retries.sum(), counters.embedded.sum(),
        counters.failed.sum(), counters.refused.sum(), counters.hits.sum(), counters.misses.sum(),
        counters.coalesced.sum(), queue.size(), dispatcher.inFlight(), queue.capacity(each), coalescer.cacheBytes(),
        each);
  }

  @Override
  public String toString() {
    return "BatchingEmbedder[" + model() + ", " + dimension() + " dimensions, " + stats() + "]";
  }
}
