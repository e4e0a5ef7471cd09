package dev.memlane.embedding;

import dev.memlane.embedding.Computation.Caller;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointPool;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Permit;
import dev.memlane.endpoints.Policy;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TextForm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way to an {@link Embedder}, or to the several of an {@link EmbedderPool}, for many callers:
 * {@code Cache(Coalesce(Batch(Retry(Validate(Embedder)))))}.
 *
 * <pre>{@code
 * try (var embedder = BatchingEmbedder.builder(model).concurrency(2).build()) {
 *   CompletableFuture<Embedding> embedding = embedder.embed("Ada plays the oboe");
 * }
 * }</pre>
 *
 * <p>
 * <b>Batching.</b> There is no timer. A text that finds an endpoint with a free place goes out at once; while none has one,
 * texts gather, and the next request takes as many of them, oldest first, as the endpoint's limits allow. So an idle
 * embedder adds no wait, and a busy one gets batches that grow with the load. A text longer than a request may be goes
 * alone.
 *
 * <p>
 * <b>Form.</b> Embedders are given each text in its {@link TextForm}, so texts that read the same have one vector.
 *
 * <p>
 * <b>Sharing.</b> A text that is cached is answered from the cache; one that is being computed is computed once for all
 * who ask. Every caller has a future of its own: cancelling it takes nothing from the others, and a text that waits and
 * has no caller left is not computed. Failures are not cached.
 *
 * <p>
 * <b>Failure.</b> A request that fails in a way that may pass ({@link Failure#mayBeRetried}) is sent again as a whole, to
 * another endpoint at once or to the same after a pause, as often as the pool says. One that fails in another way, or for
 * the last time, is sent again in halves, until the text that fails stands alone: of {@code n} texts each is sent at most
 * {@code log2(n) + 2} times more, and there are fewer than {@code 2n} requests even if all of them fail. A vector that is
 * no direction fails its own text only. All failures are {@link EmbeddingException}s.
 *
 * <p>
 * <b>Time.</b> A caller waits no longer than the deadline. A request that takes longer than its endpoint's time-out (for a
 * single embedder: the deadline) has its future cancelled and its place given back, also if the embedder never answers or
 * never returns from {@link Embedder#embed}; it is not halved.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads; no method waits, except that {@link #close} waits for the embedders to
 * close. Embedders are called, and the callers' futures are completed, on virtual threads, one each per request; answers are
 * checked by the thread that completes the embedder's future. What callers
 * chain to their futures runs there one after the other, so what may wait should be chained with an executor of its own.
 * The next request is sent before the callers of the last are told, so the model works while they do.
 *
 * <p>
 * <b>Invariants</b>, whenever {@link #lock} is free:
 * <ol>
 * <li>A text is in {@link #computations} from its first caller's joining until its outcome is decided, and as long as
 * it is there, its computation is in exactly one place: {@link #queue}, or a request of {@link #inFlight}.
 * <li>A request leaves {@link #inFlight} once, and who removed it (answer, time-out or close) decides what becomes of
 * its texts, and gives its place back; whoever comes later finds it gone and leaves them alone.
 * <li>Each request in flight has a place at its endpoint. Whoever adds a text calls {@link #dispatch} afterwards, and so
 * does the endpoints' pool when there may be a place again, so texts wait only while no endpoint can take them.
 * <li>A vector is in the cache before its computation ends, unless all was forgotten since that began, so a text is never computed again for falling between.
 * </ol>
 * The endpoints' pool has a lock of its own, which may be taken under this one and never the other way round. Nothing
 * foreign (embedder, executor, a caller's future) is called while the lock is held.
 */
public final class BatchingEmbedder implements AutoCloseable {

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  /** What is meant by longer ones is for ever, and they don't fit into nanoseconds. */
  private static final Duration LONGEST_DELAY = Duration.ofDays(365);

  // Fixed
  private final EmbedderPool pool;
  private final EndpointPool<Embedder> endpoints;
  private final String model;
  private final int dimension;
  private final int mostWaiting;
  private final Duration deadline;
  private final @Nullable VectorCache cache;
  private final Executor executor;
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;
  private final AtomicBoolean embeddersClosed = new AtomicBoolean();

  // Guarded by the lock
  private final Object lock = new Object();
  private final Map<String, Computation> computations = new HashMap<>();
  private final TextQueue queue;
  private final Set<Request> inFlight = new LinkedHashSet<>();
  private boolean closed;
  private long requests;
  private long retries;
  private long embedded;
  private long failed;
  private long refused;
  private long hits;
  private long misses;
  private long coalesced;
  /** How often everything has been forgotten. */
  private long forgotten;

  private BatchingEmbedder(EmbedderPool pool, Builder builder) {
    this.pool = pool;
    this.model = pool.model();
    this.dimension = pool.dimension();
    this.mostWaiting = builder.mostWaiting;
    this.deadline = builder.deadline;
    this.cache = builder.cacheBytes == 0 ? null : new VectorCache(builder.cacheBytes);
    this.executor = builder.executor == null ? virtualThreads() : builder.executor;
    this.ownsScheduler = builder.scheduler == null;
    this.scheduler = builder.scheduler == null ? newScheduler() : builder.scheduler;
    this.endpoints = new EndpointPool<>(pool.endpoints(), pool.policy(), pool.listener(), scheduler,
        builder.nanoTime);
    this.queue = new TextQueue(pool, endpoints, computation -> computations.remove(computation.text));
    endpoints.onFree(this::dispatch);
  }

  private static Executor virtualThreads() {
    ThreadFactory threads = Thread.ofVirtual().name("memlane-embedding-", 0).factory();
    return task -> threads.newThread(task).start();
  }

  private static ScheduledExecutorService newScheduler() {
    ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-embedding-deadlines").factory());
    scheduler.setRemoveOnCancelPolicy(true);
    return scheduler;
  }

  /** Begins to build one in front of this embedder, which it then owns, and asks for each text once. */
  public static Builder builder(Embedder embedder) {
    return new Builder(Objects.requireNonNull(embedder, "embedder"), null);
  }

  /** Begins to build one in front of these embedders, which it then owns. */
  public static Builder builder(EmbedderPool pool) {
    return new Builder(null, Objects.requireNonNull(pool, "pool"));
  }

  /** The model's name, as its embeddings carry it. */
  public String model() {
    return model;
  }

  /** How many numbers its vectors have. */
  public int dimension() {
    return dimension;
  }

  /**
   * Checks a vector that a caller has brought along.
   *
   * @throws InvalidInputException if it is not one of this model, or has another length
   */
  public void requireOwn(Embedding given) {
    if (!given.model().equals(model) || given.dimension() != dimension) {
      throw new InvalidInputException("the vector given is " + given + "; this memory compares vectors of " + model
          + " with " + dimension + " dimensions: leave the vector out, or embed with that model");
    }
  }

  /**
   * Embeds a text.
   *
   * @return a future of the caller's own, to be shared with nobody; the embedding may be shared, so its vector is read
   * only. Fails with an {@link EmbeddingException}: if the model fails, the deadline passes, too many texts are waiting
   * or this is closed
   */
  public CompletableFuture<Embedding> embed(String text) {
    return embed(text, null);
  }

  /**
   * Embeds a text.
   *
   * @param workClass what kind of work the text is for, such as searching; {@link Policy#AFFINITY} sends a class to one
   * endpoint while that can take it. Null for none
   * @return as {@link #embed(String)}
   */
  public CompletableFuture<Embedding> embed(String text, @Nullable String workClass) {
    CompletableFuture<Embedding> future = join(text, workClass);
    dispatch();
    return future;
  }

  /**
   * Embeds texts that are there together, in as few requests as possible.
   *
   * @param texts more of them than may wait are refused from there on: hand over long lists in pages
   * @return one future per text, in the order of the texts; each as {@link #embed} would return it, so a text that
   * can't be embedded fails alone
   */
  public List<CompletableFuture<Embedding>> embedAll(List<String> texts) {
    List<CompletableFuture<Embedding>> futures = new ArrayList<>(texts.size());
    try {
      for (String text : texts) {
        futures.add(join(text, null));
      }
    } finally {
      dispatch();
    }
    return futures;
  }

  private CompletableFuture<Embedding> join(String given, @Nullable String workClass) {
    String form = TextForm.of(given);
    // Of a text that nobody sees there would be nothing left.
    String text = form.isEmpty() ? given : form;
    VectorCache.Key key = cache == null ? null : VectorCache.Key.of(text);
    int tokens = Math.max(0, pool.tokens().applyAsInt(text));
    Caller caller = new Caller();
    Computation computation;
    synchronized (lock) {
      if (closed) {
        return CompletableFuture.failedFuture(closedException());
      }
      computation = computations.get(text);
      if (computation == null) {
        Embedding cached = cache == null || key == null ? null : cache.get(key);
        if (cached != null) {
          hits++;
          return CompletableFuture.completedFuture(cached);
        }
        if (queue.fresh() >= mostWaiting) {
          refused++;
          return CompletableFuture.failedFuture(new EmbeddingException(mostWaiting + " texts are waiting for model "
              + model + ", and no more may; try again later, or let more of them wait", null));
        }
        misses++;
        computation = new Computation(text, key, workClass, tokens, forgotten);
        computations.put(text, computation);
        queue.add(computation);
      } else {
        coalesced++;
      }
      computation.callers.add(caller);
    }
    watch(caller, computation);
    return caller.future;
  }

  private void watch(Caller caller, Computation joined) {
    ScheduledFuture<?> timer;
    try {
      timer = after(deadline, () -> caller.future.completeExceptionally(tooLate(joined)));
    } catch (RejectedExecutionException e) {
      leave(caller, joined);
      caller.future.completeExceptionally(rejectedException(e));
      return;
    }
    var unused = caller.future.whenComplete((embedding, failure) -> {
      timer.cancel(false);
      leave(caller, joined);
    });
  }

  private void leave(Caller caller, Computation joined) {
    boolean unwanted;
    synchronized (lock) {
      // Nobody is in it any more once its outcome is decided.
      unwanted = joined.callers.remove(caller) && joined.callers.isEmpty();
      if (unwanted && queue.remove(joined)) {
        computations.remove(joined.text);
      }
    }
    if (unwanted) {
      // It may have been the one that others had to wait behind.
      dispatch();
    }
  }

  private void dispatch() {
    for (Request request = next(); request != null; request = next()) {
      send(request);
    }
    failWithoutEndpoints();
  }

  private @Nullable Request next() {
    synchronized (lock) {
      TextQueue.Load load = closed ? null : queue.next();
      if (load == null) {
        return null;
      }
      List<Computation> batch = load.part().texts();
      load.permit().begin(batch.size(), TextQueue.sum(batch));
      requests++;
      retries += load.part().attempts() > 0 ? 1 : 0;
      Request request = new Request(load.permit(), load.part());
      inFlight.add(request);
      return request;
    }
  }

  /** What nobody will take has no reason to wait. */
  private void failWithoutEndpoints() {
    String why = endpoints.whyNone();
    if (why != null) {
      failWaiting(new EmbeddingException("no endpoint of model " + model + " can be used: " + why, null));
    }
  }

  private void failWaiting(EmbeddingException failure) {
    List<Runnable> events = new ArrayList<>();
    synchronized (lock) {
      for (Computation computation : queue.clear()) {
        events.add(end(new Outcome(computation, null, failure)));
      }
    }
    tell(events);
  }

  private void send(Request request) {
    try {
      request.timer = after(request.permit.endpoint().limits().timeout(), () -> expire(request));
    } catch (RejectedExecutionException e) {
      failWaiting(rejectedException(e));
      settle(request, failAll(request, rejectedException(e)), Permit::abandon);
      return;
    }
    run(() -> call(request));
  }

  private void call(Request request) {
    Embedder embedder = request.permit.endpoint().target();
    try {
      if (embedder instanceof MeteredEmbedder metered) {
        await(request, metered.embedMetered(request.texts()), answer -> answer);
      } else {
        await(request, embedder.embed(request.texts()),
            vectors -> new MeteredEmbedder.Answer(vectors, Allowance.UNKNOWN, null));
      }
    } catch (Throwable e) {
      // Whatever it is, the place must be given back and the callers told.
      failed(request, e);
    }
  }

  private <T> void await(Request request, @Nullable CompletableFuture<T> given,
      Function<T, MeteredEmbedder.Answer> reading) {
    CompletableFuture<T> answer = Objects.requireNonNull(given, "the embedder returned null for a future");
    // By the embedder's thread, so that the next request goes out at once; the callers are told by another one.
    var unused = answer.whenComplete((value, failure) -> {
      try {
        if (failure != null) {
          failed(request, failure);
        } else {
          answered(request, value == null ? null : reading.apply(value));
        }
      } catch (Throwable e) {
        // Nobody looks at what this future fails with. If the request has not ended yet, it ends so.
        failed(request, e);
      }
    });
    request.answer = answer;
    if (!isInFlight(request)) {
      answer.cancel(true);
    }
  }

  private void answered(Request request, MeteredEmbedder.@Nullable Answer answer) {
    List<float[]> vectors = answer == null ? null : answer.vectors();
    int count = vectors == null ? 0 : vectors.size();
    if (answer == null || vectors == null || count != request.batch.size()) {
      failed(request, new EndpointException(Failure.UNAVAILABLE, "model " + model + " answered with " + count
          + " vectors to " + request.batch.size() + " texts; expected one for each: check the embedder", null));
      return;
    }
    String misshapen = request.attempts < pool.attempts() ? misshapen(vectors) : null;
    if (misshapen != null) {
      failed(request, new EndpointException(Failure.UNAVAILABLE, misshapen, null));
      return;
    }
    settle(request, check(request, vectors), permit -> permit.succeeded(answer.tokens(), answer.allowance()));
  }

  /** What an answer has in it that the model never makes; another endpoint may do better. */
  private @Nullable String misshapen(List<float[]> vectors) {
    for (float[] vector : vectors) {
      if (vector == null || vector.length != dimension) {
        return describeShape(vector);
      }
    }
    return null;
  }

  private String describeShape(float @Nullable [] vector) {
    return "model " + model + " answered with "
        + (vector == null ? "no vector" : "a vector of " + vector.length + " dimensions") + "; expected " + dimension
        + " dimensions: check the embedder";
  }

  private List<Outcome> check(Request request, List<float[]> vectors) {
    List<Outcome> outcomes = new ArrayList<>(vectors.size());
    for (int i = 0; i < vectors.size(); i++) {
      Computation computation = request.batch.get(i);
      try {
        Embedding embedding = check(vectors.get(i));
        remember(computation, embedding);
        outcomes.add(new Outcome(computation, embedding, null));
      } catch (EmbeddingException e) {
        outcomes.add(new Outcome(computation, null, e));
      }
    }
    return outcomes;
  }

  private void remember(Computation computation, Embedding embedding) {
    if (cache != null && computation.key != null) {
      synchronized (lock) {
        if (computation.forgotten == forgotten) {
          cache.put(computation.key, embedding);
        }
      }
    }
  }

  private Embedding check(float @Nullable [] vector) {
    if (vector == null || vector.length != dimension) {
      throw new EmbeddingException(describeShape(vector), null);
    }
    try {
      return new Embedding(model, vector);
    } catch (InvalidInputException e) {
      throw new EmbeddingException("model " + model + " answered with a vector that can't be used; expected "
          + dimension + " finite numbers, not all zero: " + e.getMessage(), e);
    }
  }

  private void failed(Request request, Throwable thrown) {
    Throwable cause = thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    if (cause instanceof EndpointException known) {
      failed(request, known.failure(), describe(request, known), String.valueOf(known.getMessage()),
          known.retryAfter().orElse(null));
    } else {
      EmbeddingException failure = translate(cause);
      failed(request, Failure.UNKNOWN, failure, String.valueOf(failure.getMessage()), null);
    }
  }

  private void expire(Request request) {
    Duration timeout = request.permit.endpoint().limits().timeout();
    failed(request, Failure.TIMED_OUT, lateException("a request took", "time-out", timeout),
        "no answer within " + timeout.toMillis() + " ms", null);
    CompletableFuture<?> answer = request.answer;
    if (answer != null) {
      answer.cancel(true);
    }
  }

  /**
   * Decides what becomes of the texts of a request that failed, unless somebody else has ended it.
   *
   * @param why what the callers are told
   * @param reason what is told of the endpoint
   */
  private void failed(Request request, Failure failure, EmbeddingException why, String reason,
      @Nullable Duration retryAfter) {
    List<Runnable> events = new ArrayList<>();
    synchronized (lock) {
      if (!inFlight.remove(request)) {
        return;
      }
      request.batch.forEach(computation -> computation.lastFailure = why);
      if (failure == Failure.DENIED || failure.mayBeRetried() && request.attempts < pool.attempts()) {
        queue.addAgain(sentAgain(request, failure));
      } else if (request.batch.size() > 1 && failure != Failure.TIMED_OUT) {
        int middle = request.batch.size() / 2;
        // A refusal says nothing of what the halves would meet; what failed for the last time gets one more try each.
        int attempts = failure.mayBeRetried() ? request.attempts : request.attempts - 1;
        queue.addAgain(request.part(middle, request.batch.size(), attempts));
        queue.addAgain(request.part(0, middle, attempts));
      } else {
        failAll(request, why).forEach(outcome -> events.add(end(outcome)));
      }
    }
    request.cancelTimer();
    try {
      request.permit.failed(failure, reason, retryAfter);
    } finally {
      tell(events);
    }
  }

  private TextQueue.Part sentAgain(Request request, Failure failure) {
    Map<String, Long> notBefore = new HashMap<>(request.notBefore);
    notBefore.put(request.permit.endpoint().name(), endpoints.now() + pause(request.attempts).toNanos());
    // Who denies a key says nothing about the request; and each takes an endpoint out, so there is an end to it.
    int attempts = failure == Failure.DENIED ? request.attempts - 1 : request.attempts;
    return new TextQueue.Part(request.batch, attempts, notBefore);
  }

  private Duration pause(int attempts) {
    Duration doubled = pool.firstPause().multipliedBy(1L << Math.min(20, attempts - 1));
    Duration longest = doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    return longest.minusNanos(ThreadLocalRandom.current().nextLong(longest.toNanos() / 2 + 1));
  }

  private void tell(List<Runnable> events) {
    if (!events.isEmpty()) {
      run(() -> events.forEach(Runnable::run));
    }
  }

  private static List<Outcome> failAll(Request request, EmbeddingException failure) {
    return request.batch.stream().map(computation -> new Outcome(computation, null, failure)).toList();
  }

  /** Ends a request that has not ended: gives back its place, by which the next is sent, and then tells the callers. */
  private void settle(Request request, List<Outcome> outcomes, Consumer<Permit<Embedder>> ending) {
    List<Runnable> events = new ArrayList<>();
    synchronized (lock) {
      if (!inFlight.remove(request)) {
        return;
      }
      for (Outcome outcome : outcomes) {
        events.add(end(outcome));
      }
    }
    request.cancelTimer();
    try {
      ending.accept(request.permit);
    } finally {
      tell(events);
    }
  }

  /** Needs the lock; what it returns is to be run without. */
  private Runnable end(Outcome outcome) {
    computations.remove(outcome.computation.text);
    List<Caller> callers = List.copyOf(outcome.computation.callers);
    outcome.computation.callers.clear();
    Embedding embedding = outcome.embedding;
    if (embedding != null) {
      embedded++;
      return () -> callers.forEach(caller -> caller.future.complete(embedding));
    }
    failed++;
    EmbeddingException failure = Objects.requireNonNull(outcome.failure);
    // Others get it as well: callers of the same text, of the same request, and of an embedder that fails with the same each time.
    return () -> callers.forEach(caller -> caller.future.completeExceptionally(failure.copy()));
  }

  /**
   * Forgets the vectors of all texts, those included that are being made now: their callers get them, and who asks for one
   * of these texts later has it made again.
   */
  public void forget() {
    synchronized (lock) {
      forgotten++;
      if (cache != null) {
        cache.clear();
      }
    }
  }

  /**
   * Fails what waits and what is in flight, and closes the embedders. Texts that come later fail as well. Does nothing
   * the second time.
   */
  @Override
  public void close() {
    detach();
    if (embeddersClosed.compareAndSet(false, true)) {
      closeEmbedders();
    }
  }

  /** As {@link #close}, but leaves the embedders open, for another use by their owner. */
  public void detach() {
    List<Request> unanswered;
    List<Runnable> events = new ArrayList<>();
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      for (Computation computation : List.copyOf(computations.values())) {
        events.add(end(new Outcome(computation, null, closedException())));
      }
      unanswered = List.copyOf(inFlight);
      queue.clear();
      inFlight.clear();
    }
    for (Request request : unanswered) {
      request.cancelTimer();
      request.permit.abandon();
      CompletableFuture<?> answer = request.answer;
      if (answer != null) {
        answer.cancel(true);
      }
    }
    events.forEach(Runnable::run);
    endpoints.close();
    if (ownsScheduler) {
      scheduler.shutdownNow();
    }
  }

  private void closeEmbedders() {
    RuntimeException failure = null;
    for (Endpoint<Embedder> endpoint : pool.endpoints()) {
      try {
        endpoint.target().close();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else if (!failure.equals(e)) {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** What has been done so far, and what is going on, at one moment. */
  public EmbeddingStats stats() {
    List<EndpointStats> each = endpoints.stats();
    synchronized (lock) {
      return new EmbeddingStats(requests, retries, embedded, failed, refused, hits, misses, coalesced, queue.size(),
          inFlight.size(), queue.capacity(each), cache == null ? 0 : cache.bytes(), each);
    }
  }

  @Override
  public String toString() {
    return "BatchingEmbedder[" + model + ", " + dimension + " dimensions, " + stats() + "]";
  }

  private boolean isInFlight(Request request) {
    synchronized (lock) {
      return inFlight.contains(request);
    }
  }

  private ScheduledFuture<?> after(Duration delay, Runnable task) {
    // The task completes callers' futures, and with them whatever they chained: not on the thread that keeps the time.
    Duration bounded = delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY;
    return scheduler.schedule(() -> run(task), bounded.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void run(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // An executor that refuses must not cost the callers their answer: better here than never.
      task.run();
    }
  }

  private EmbeddingException translate(Throwable cause) {
    return cause instanceof EmbeddingException known
        ? known
        : new EmbeddingException("model " + model + " failed: " + Reasons.of(cause), cause);
  }

  private EmbeddingException describe(Request request, EndpointException failure) {
    String where = pool.endpoints().size() == 1 ? "" : "endpoint " + request.permit.endpoint().name() + ": ";
    String often = request.attempts == 1 ? "" : " (sent " + request.attempts + " times)";
    return new EmbeddingException(where + failure.getMessage() + often, failure);
  }

  private EmbeddingException tooLate(Computation computation) {
    EmbeddingException last;
    synchronized (lock) {
      last = computation.lastFailure;
    }
    String troubles = endpoints.troubles();
    EmbeddingException late = lateException("the text waited for", "deadline", deadline);
    if (last == null && troubles.isEmpty()) {
      return late;
    }
    String why = last == null ? troubles : String.valueOf(last.getMessage());
    return new EmbeddingException(late.getMessage() + "; the last that went wrong: " + why, last);
  }

  private EmbeddingException lateException(String what, String limit, Duration allowed) {
    return new EmbeddingException(what + " model " + model + " longer than the " + limit + " of " + allowed.toMillis()
        + " ms; try again later, or see whether the model is overloaded or out of reach", null);
  }

  private EmbeddingException closedException() {
    return new EmbeddingException("the embedder of model " + model + " has been closed", null);
  }

  private EmbeddingException rejectedException(RejectedExecutionException cause) {
    return new EmbeddingException(
        "the scheduler that keeps the deadlines of model " + model + " takes no more tasks; has it been shut down?",
        cause);
  }

  /** What became of one text: an embedding or a failure. */
  private record Outcome(Computation computation, @Nullable Embedding embedding,
      @Nullable EmbeddingException failure) {}

  /** One call of an embedder. */
  private static final class Request {
    final Permit<Embedder> permit;
    final List<Computation> batch;
    /** How often these texts were sent, this time included. */
    final int attempts;
    final Map<String, Long> notBefore;
    volatile @Nullable ScheduledFuture<?> timer;
    volatile @Nullable CompletableFuture<?> answer;

    Request(Permit<Embedder> permit, TextQueue.Part part) {
      this.permit = permit;
      this.batch = part.texts();
      this.attempts = part.attempts() + 1;
      this.notBefore = part.notBefore();
    }

    List<String> texts() {
      return batch.stream().map(computation -> computation.text).toList();
    }

    /** Some of the texts, to be sent again. */
    TextQueue.Part part(int from, int to, int attempts) {
      return new TextQueue.Part(batch.subList(from, to), attempts, Map.of());
    }

    void cancelTimer() {
      ScheduledFuture<?> set = timer;
      if (set != null) {
        set.cancel(false);
      }
    }
  }

  /** Collects the options. Not safe for use by several threads. */
  public static final class Builder {

    private final @Nullable Embedder embedder;
    private final @Nullable EmbedderPool pool;
    private long cacheBytes = 64L << 20;
    private int concurrency = 1;
    private int mostWaiting = 10_000;
    private Duration deadline = Duration.ofSeconds(60);
    private @Nullable Executor executor;
    private @Nullable ScheduledExecutorService scheduler;
    private LongSupplier nanoTime = System::nanoTime;

    private Builder(@Nullable Embedder embedder, @Nullable EmbedderPool pool) {
      this.embedder = embedder;
      this.pool = pool;
    }

    /** How many bytes the cached vectors may take; 64 MiB unless set, about 36,000 vectors of 384 numbers; 0 for no cache. */
    public Builder cacheBytes(long cacheBytes) {
      if (cacheBytes < 0) {
        throw new InvalidInputException("cacheBytes is " + cacheBytes + "; it must be at least 0");
      }
      this.cacheBytes = cacheBytes;
      return this;
    }

    /**
     * How many requests may be in flight at the same time, to a single embedder; 1 unless set. The endpoints of a pool have
     * limits of their own, for which this says nothing.
     */
    public Builder concurrency(int concurrency) {
      if (concurrency < 1) {
        throw new InvalidInputException("concurrency is " + concurrency + "; it must be at least 1");
      }
      this.concurrency = concurrency;
      return this;
    }

    /** How many texts may wait for a request; 10,000 unless set. */
    public Builder mostWaiting(int mostWaiting) {
      if (mostWaiting < 1) {
        throw new InvalidInputException("mostWaiting is " + mostWaiting + "; it must be at least 1");
      }
      this.mostWaiting = mostWaiting;
      return this;
    }

    /** How long a caller waits, and how long a request to a single embedder may take; 60 seconds unless set. */
    public Builder deadline(Duration deadline) {
      if (deadline.isNegative() || deadline.isZero()) {
        throw new InvalidInputException("deadline is " + deadline + "; it must be longer than nothing");
      }
      this.deadline = deadline;
      return this;
    }

    /** What keeps the deadlines; stays the caller's to shut down. A daemon thread of its own unless set. */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = scheduler;
      return this;
    }

    /** What time it is for limits per minute and pauses, in nanoseconds from any origin; the system's unless set. */
    public Builder nanoTime(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
      return this;
    }

    /**
     * Where the embedders are called and the futures are completed; a virtual thread per task unless set. It must neither
     * keep tasks waiting nor, unless the embedders never answer at once, run them in the calling thread.
     */
    public Builder executor(Executor executor) {
      this.executor = executor;
      return this;
    }

    public BatchingEmbedder build() {
      EmbedderPool several = pool;
      return new BatchingEmbedder(
          several == null ? EmbedderPool.of(Objects.requireNonNull(embedder), concurrency, deadline) : several, this);
    }
  }
}
