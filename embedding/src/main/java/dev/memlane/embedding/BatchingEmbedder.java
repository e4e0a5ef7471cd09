package dev.memlane.embedding;

import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way to an {@link Embedder} for many callers: {@code Cache(Coalesce(Batch(Validate(Embedder))))}.
 *
 * <pre>{@code
 * try (var embedder = BatchingEmbedder.builder(model).concurrency(2).build()) {
 *   CompletableFuture<Embedding> embedding = embedder.embed("Ada plays the oboe");
 * }
 * }</pre>
 *
 * <p>
 * <b>Batching.</b> There is no timer. A text that finds a free slot goes out at once; while all slots are taken, texts
 * gather, and the next request takes as many of them, oldest first, as the embedder's limits allow. So an idle embedder
 * adds no wait, and a busy one gets batches that grow with the load. A text longer than a request may be goes alone.
 *
 * <p>
 * <b>Sharing.</b> A text that is cached is answered from the cache; one that is being computed is computed once for all
 * who ask. Every caller has a future of its own: cancelling it takes nothing from the others, and a text that waits and
 * has no caller left is not computed. Failures are not cached.
 *
 * <p>
 * <b>Failure.</b> A request that fails with several texts is sent again in halves, until the text that fails stands
 * alone: of {@code n} texts each is sent at most {@code log2(n) + 2} times, and there are fewer than {@code 2n} requests
 * even if all of them fail. A vector of the wrong shape fails its own text only. All failures are
 * {@link EmbeddingException}s.
 *
 * <p>
 * <b>Time.</b> A caller waits no longer than the deadline. A request that takes longer than that fails as a whole (it
 * is not halved), its future is cancelled and its slot is given back, also if the embedder never answers or never
 * returns from {@link Embedder#embed}.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads; no method waits, except that {@link #close} waits for the embedder to close. The embedder is called, and the callers' futures are
 * completed, on virtual threads, one per request. What callers chain to their futures runs there one after the other, so
 * what may wait should be chained with an executor of its own. The next request is sent before the callers of the last
 * are told, so the model works while they do.
 *
 * <p>
 * <b>Invariants</b>, whenever {@link #lock} is free:
 * <ol>
 * <li>A text is in {@link #computations} from its first caller's joining until its outcome is decided, and as long as
 * it is there, its computation is in exactly one place: {@link #waiting}, {@link #halves}, or a request of
 * {@link #inFlight}.
 * <li>A request leaves {@link #inFlight} once, and who removed it (answer, deadline or close) decides what becomes of
 * its texts; whoever comes later finds it gone and leaves them alone.
 * <li>At most {@link #concurrency} requests are in flight. Whoever adds a text or frees a slot calls {@link #dispatch}
 * afterwards, so texts wait only while all slots are taken.
 * <li>A vector is in the cache before its computation ends, so a text is never computed again for falling between.
 * </ol>
 * Nothing foreign (embedder, executor, scheduler, a caller's future) is called while the lock is held.
 */
public final class BatchingEmbedder implements AutoCloseable {

  // Fixed
  private final Embedder embedder;
  private final String model;
  private final int dimension;
  private final Embedder.Limits limits;
  private final int concurrency;
  private final int mostWaiting;
  private final Duration deadline;
  private final @Nullable VectorCache cache;
  private final Executor executor;
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;

  // Guarded by the lock
  private final Object lock = new Object();
  private final Map<String, Computation> computations = new HashMap<>();
  private final Set<Computation> waiting = new LinkedHashSet<>();
  private final Deque<List<Computation>> halves = new ArrayDeque<>();
  private final Set<Request> inFlight = new LinkedHashSet<>();
  private boolean closed;
  private long requests;
  private long embedded;
  private long failed;
  private long refused;
  private long hits;
  private long misses;
  private long coalesced;

  private BatchingEmbedder(Builder builder) {
    this.embedder = builder.embedder;
    this.model = embedder.model();
    this.dimension = embedder.dimension();
    this.limits = embedder.limits();
    this.concurrency = builder.concurrency;
    this.mostWaiting = builder.mostWaiting;
    this.deadline = builder.deadline;
    this.cache = builder.cacheBytes == 0 ? null : new VectorCache(builder.cacheBytes);
    this.executor = builder.executor == null ? virtualThreads() : builder.executor;
    this.ownsScheduler = builder.scheduler == null;
    this.scheduler = builder.scheduler == null ? newScheduler() : builder.scheduler;
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

  /** Begins to build one in front of this embedder, which it then owns. */
  public static Builder builder(Embedder embedder) {
    return new Builder(embedder);
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
   * Embeds a text.
   *
   * @return a future of the caller's own, to be shared with nobody; the embedding may be shared, so its vector is read
   * only. Fails with an {@link EmbeddingException}: if the model fails, the deadline passes, too many texts are waiting
   * or this is closed
   */
  public CompletableFuture<Embedding> embed(String text) {
    CompletableFuture<Embedding> future = join(text);
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
    for (String text : texts) {
      futures.add(join(text));
    }
    dispatch();
    return futures;
  }

  private CompletableFuture<Embedding> join(String text) {
    VectorCache.Key key = cache == null ? null : VectorCache.Key.of(text);
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
        if (waiting.size() >= mostWaiting) {
          refused++;
          return CompletableFuture.failedFuture(new EmbeddingException(mostWaiting + " texts are waiting for model "
              + model + ", and no more may; try again later, or let more of them wait", null));
        }
        misses++;
        computation = new Computation(text, key);
        computations.put(text, computation);
        waiting.add(computation);
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
      timer = after(() -> caller.future.completeExceptionally(lateException("the text waited for")));
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
    synchronized (lock) {
      joined.callers.remove(caller);
      if (joined.callers.isEmpty() && waiting.remove(joined)) {
        computations.remove(joined.text);
      }
    }
  }

  private void dispatch() {
    for (Request request = next(); request != null; request = next()) {
      send(request);
    }
  }

  private @Nullable Request next() {
    synchronized (lock) {
      if (closed || inFlight.size() >= concurrency) {
        return null;
      }
      List<Computation> batch = nextHalf();
      if (batch.isEmpty()) {
        batch = gather();
      }
      if (batch.isEmpty()) {
        return null;
      }
      requests++;
      Request request = new Request(batch);
      inFlight.add(request);
      return request;
    }
  }

  private List<Computation> nextHalf() {
    while (!halves.isEmpty()) {
      List<Computation> wanted = new ArrayList<>();
      for (Computation computation : halves.removeFirst()) {
        if (computation.callers.isEmpty()) {
          computations.remove(computation.text);
        } else {
          wanted.add(computation);
        }
      }
      if (!wanted.isEmpty()) {
        return wanted;
      }
    }
    return List.of();
  }

  private List<Computation> gather() {
    List<Computation> batch = new ArrayList<>();
    long characters = 0;
    Iterator<Computation> oldestFirst = waiting.iterator();
    while (oldestFirst.hasNext() && batch.size() < limits.texts()) {
      Computation computation = oldestFirst.next();
      characters += computation.text.length();
      if (characters > limits.characters() && !batch.isEmpty()) {
        break;
      }
      oldestFirst.remove();
      batch.add(computation);
    }
    return batch;
  }

  private void send(Request request) {
    try {
      request.timer = after(() -> expire(request));
    } catch (RejectedExecutionException e) {
      settle(request, failAll(request, rejectedException(e)));
      return;
    }
    run(() -> call(request));
  }

  private void call(Request request) {
    CompletableFuture<List<float[]>> answer;
    try {
      answer = Objects.requireNonNull(embedder.embed(request.texts()), "the embedder returned null for a future");
    } catch (Throwable e) {
      // Whatever it is, the slot must be given back and the callers told.
      answered(request, null, e);
      return;
    }
    var unused = answer.whenComplete((vectors, failure) -> run(() -> answered(request, vectors, failure)));
    request.answer = answer;
    if (!isInFlight(request)) {
      answer.cancel(true);
    }
  }

  private void answered(Request request, @Nullable List<float[]> vectors, @Nullable Throwable failure) {
    EmbeddingException wrong = failure != null ? translate(failure) : miscounted(request, vectors);
    if (wrong == null && vectors != null) {
      settle(request, check(request, vectors));
    } else if (wrong != null && (request.batch.size() == 1 || !halve(request))) {
      settle(request, failAll(request, wrong));
    }
  }

  private @Nullable EmbeddingException miscounted(Request request, @Nullable List<float[]> vectors) {
    int count = vectors == null ? 0 : vectors.size();
    return vectors != null && count == request.batch.size()
        ? null
        : new EmbeddingException("model " + model + " answered with " + count + " vectors to " + request.batch.size()
            + " texts; expected one for each: check the embedder", null);
  }

  private List<Outcome> check(Request request, List<float[]> vectors) {
    List<Outcome> outcomes = new ArrayList<>(vectors.size());
    for (int i = 0; i < vectors.size(); i++) {
      Computation computation = request.batch.get(i);
      try {
        Embedding embedding = check(vectors.get(i));
        if (cache != null && computation.key != null) {
          cache.put(computation.key, embedding);
        }
        outcomes.add(new Outcome(computation, embedding, null));
      } catch (EmbeddingException e) {
        outcomes.add(new Outcome(computation, null, e));
      }
    }
    return outcomes;
  }

  private Embedding check(float @Nullable [] vector) {
    if (vector == null || vector.length != dimension) {
      throw new EmbeddingException("model " + model + " answered with "
          + (vector == null ? "no vector" : "a vector of " + vector.length + " dimensions") + "; expected " + dimension
          + " dimensions: check the embedder", null);
    }
    try {
      return new Embedding(model, vector);
    } catch (InvalidInputException e) {
      throw new EmbeddingException("model " + model + " answered with a vector that can't be used; expected "
          + dimension + " finite numbers, not all zero: " + e.getMessage(), e);
    }
  }

  /** Puts the two halves of a failed request before everything else, unless somebody else has ended the request. */
  private boolean halve(Request request) {
    synchronized (lock) {
      if (!inFlight.remove(request)) {
        return false;
      }
      int middle = request.batch.size() / 2;
      halves.addFirst(request.batch.subList(middle, request.batch.size()));
      halves.addFirst(request.batch.subList(0, middle));
    }
    request.cancelTimer();
    dispatch();
    return true;
  }

  private void expire(Request request) {
    settle(request, failAll(request, lateException("a request took")));
    CompletableFuture<List<float[]>> answer = request.answer;
    if (answer != null) {
      answer.cancel(true);
    }
  }

  private static List<Outcome> failAll(Request request, EmbeddingException failure) {
    return request.batch.stream().map(computation -> new Outcome(computation, null, failure)).toList();
  }

  /** Ends a request that has not ended: gives back its slot, sends the next, and then tells the callers. */
  private void settle(Request request, List<Outcome> outcomes) {
    List<Runnable> news = new ArrayList<>();
    synchronized (lock) {
      if (!inFlight.remove(request)) {
        return;
      }
      for (Outcome outcome : outcomes) {
        news.add(end(outcome));
      }
    }
    request.cancelTimer();
    dispatch();
    news.forEach(Runnable::run);
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
    return () -> callers.forEach(caller -> caller.future.completeExceptionally(failure));
  }

  /**
   * Fails what waits and what is in flight, and closes the embedder. Texts that come later fail as well. Does nothing
   * the second time.
   */
  @Override
  public void close() {
    List<Request> unanswered;
    List<Runnable> news = new ArrayList<>();
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      for (Computation computation : List.copyOf(computations.values())) {
        news.add(end(new Outcome(computation, null, closedException())));
      }
      unanswered = List.copyOf(inFlight);
      waiting.clear();
      halves.clear();
      inFlight.clear();
    }
    for (Request request : unanswered) {
      request.cancelTimer();
      CompletableFuture<List<float[]>> answer = request.answer;
      if (answer != null) {
        answer.cancel(true);
      }
    }
    news.forEach(Runnable::run);
    if (ownsScheduler) {
      scheduler.shutdownNow();
    }
    embedder.close();
  }

  /** What has been done so far, and what is going on, at one moment. */
  public EmbeddingStats stats() {
    synchronized (lock) {
      int halved = halves.stream().mapToInt(List::size).sum();
      return new EmbeddingStats(requests, embedded, failed, refused, hits, misses, coalesced, waiting.size() + halved,
          inFlight.size(), cache == null ? 0 : cache.bytes());
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

  private ScheduledFuture<?> after(Runnable task) {
    // The task completes callers' futures, and with them whatever they chained: not on the thread that keeps the time.
    return scheduler.schedule(() -> run(task), deadline.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void run(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // An executor that refuses must not cost the callers their answer: better here than never.
      task.run();
    }
  }

  private EmbeddingException translate(Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    return cause instanceof EmbeddingException known
        ? known
        : new EmbeddingException("model " + model + " failed: " + cause, cause);
  }

  private EmbeddingException lateException(String what) {
    return new EmbeddingException(what + " model " + model + " longer than the deadline of " + deadline.toMillis()
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

  /** One text that is to be embedded once, and who asked for it. */
  private static final class Computation {
    final String text;
    final VectorCache.@Nullable Key key;
    /** Guarded by the lock. */
    final Set<Caller> callers = new LinkedHashSet<>();

    Computation(String text, VectorCache.@Nullable Key key) {
      this.text = text;
      this.key = key;
    }
  }

  /** One who asked for a text; told apart by identity. */
  private static final class Caller {
    final CompletableFuture<Embedding> future = new CompletableFuture<>();
  }

  /** What became of one text: an embedding or a failure. */
  private record Outcome(Computation computation, @Nullable Embedding embedding,
      @Nullable EmbeddingException failure) {}

  /** One call of the embedder. */
  private static final class Request {
    final List<Computation> batch;
    volatile @Nullable ScheduledFuture<?> timer;
    volatile @Nullable CompletableFuture<List<float[]>> answer;

    Request(List<Computation> batch) {
      this.batch = batch;
    }

    List<String> texts() {
      return batch.stream().map(computation -> computation.text).toList();
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

    private final Embedder embedder;
    private long cacheBytes = 64L << 20;
    private int concurrency = 1;
    private int mostWaiting = 10_000;
    private Duration deadline = Duration.ofSeconds(60);
    private @Nullable Executor executor;
    private @Nullable ScheduledExecutorService scheduler;

    private Builder(Embedder embedder) {
      this.embedder = Objects.requireNonNull(embedder, "embedder");
    }

    /** How many bytes the cached vectors may take; 64 MiB unless set, about 36,000 vectors of 384 numbers; 0 for no cache. */
    public Builder cacheBytes(long cacheBytes) {
      if (cacheBytes < 0) {
        throw new IllegalArgumentException("cacheBytes is " + cacheBytes + "; it must be at least 0");
      }
      this.cacheBytes = cacheBytes;
      return this;
    }

    /** How many requests may be in flight at the same time; 1 unless set. */
    public Builder concurrency(int concurrency) {
      if (concurrency < 1) {
        throw new IllegalArgumentException("concurrency is " + concurrency + "; it must be at least 1");
      }
      this.concurrency = concurrency;
      return this;
    }

    /** How many texts may wait for a request; 10,000 unless set. */
    public Builder mostWaiting(int mostWaiting) {
      if (mostWaiting < 1) {
        throw new IllegalArgumentException("mostWaiting is " + mostWaiting + "; it must be at least 1");
      }
      this.mostWaiting = mostWaiting;
      return this;
    }

    /** How long a caller waits, and how long a request may take; 60 seconds unless set. */
    public Builder deadline(Duration deadline) {
      if (deadline.isNegative() || deadline.isZero()) {
        throw new IllegalArgumentException("deadline is " + deadline + "; it must be longer than nothing");
      }
      this.deadline = deadline;
      return this;
    }

    /** What keeps the deadlines; stays the caller's to shut down. A daemon thread of its own unless set. */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = scheduler;
      return this;
    }

    /**
     * Where the embedder is called and the futures are completed; a virtual thread per task unless set. It must neither
     * keep tasks waiting nor, unless the embedder never answers at once, run them in the calling thread.
     */
    public Builder executor(Executor executor) {
      this.executor = executor;
      return this;
    }

    public BatchingEmbedder build() {
      return new BatchingEmbedder(this);
    }
  }
}
