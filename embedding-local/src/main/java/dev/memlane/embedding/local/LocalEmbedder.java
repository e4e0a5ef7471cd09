package dev.memlane.embedding.local;

import ai.onnxruntime.OrtException;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.embedding.Embedder;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An embedder that runs a sentence model inside the process: all-MiniLM-L6-v2, quantised to 8 bits, or another
 * {@link LocalModel}. It has 384 dimensions, is made for English sentences and short paragraphs, and is weak in other
 * languages (Reimers and Gurevych, 2019; Wang et al., 2020).
 *
 * <p>
 * <b>Loading.</b> The model is loaded once, on first use or by {@link #warmUp}, on one of the embedder's threads. This
 * takes about a second. If loading fails, a warning is logged and texts fail with the reason. Loading is tried again
 * after ten seconds, unless the JVM can't load the native library, which doesn't change until it ends. Nothing is ever
 * downloaded or sent. At every start, the library of the ONNX runtime is unpacked to a folder in the temporary
 * directory, which is emptied when the JVM ends.
 *
 * <p>
 * <b>Long texts.</b> The model sees 256 tokens at once (e5-small-v2: 512), about 1,000 English characters. A longer text is
 * cut into windows of that size, and its vector is the mean over the tokens of all windows. So all of the text counts, and
 * the time grows with its length: about 20 ms for each window of 256. Only a text longer than any memory may be is truncated,
 * after 101,600 tokens. One vector says less about each topic the more topics a text has; several memories say more. A
 * text with nothing that the model knows still has a vector.
 *
 * <p>
 * <b>Speed.</b> Each text is computed alone, by one thread, and as many texts in parallel as there are threads. The
 * common alternative, several texts in one run of the network, is slower here, because short texts are padded to the
 * longest. It would also change the vectors: the quantised network scales its numbers by the largest in a run, so a
 * text's vector would depend on its neighbours (cosine 0.99 to itself).
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads. {@link #embed} never waits; the futures are completed on the
 * embedder's threads, which are daemons.
 */
public final class LocalEmbedder implements Embedder {

  private static final int LONGEST_QUEUE = 10_000;
  private static final int SECONDS_TO_CLOSE = 30;
  private static final Duration PAUSE = Duration.ofSeconds(10);
  private static final System.Logger LOGGER = System.getLogger(LocalEmbedder.class.getName());

  private final LocalModel model;
  private final Supplier<SentenceModel> loader;
  private final LongSupplier nanoTime;
  private final ThreadPoolExecutor threads;
  private volatile boolean closed;

  private final Object lock = new Object();

  @GuardedBy("lock")
  private @Nullable SentenceModel loaded;
  /** Why loading failed last; null if it did not. */
  @GuardedBy("lock")
  private @Nullable EmbeddingException loadFailure;
  @GuardedBy("lock")
  private long failedAt;

  /** Runs all-MiniLM-L6-v2, on as many threads as there are processors. */
  public LocalEmbedder() {
    this(LocalModel.ALL_MINILM_L6_V2);
  }

  /**
   * Runs all-MiniLM-L6-v2.
   *
   * @param threads how many texts are computed at the same time; at least 1
   * @throws InvalidInputException if there are fewer than 1
   */
  public LocalEmbedder(int threads) {
    this(LocalModel.ALL_MINILM_L6_V2, threads);
  }

  /**
   * Runs a model, on as many threads as there are processors.
   *
   * @throws InvalidInputException if the model is not on the class path; the message says what to add
   */
  public LocalEmbedder(LocalModel model) {
    this(model, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Runs a model.
   *
   * @param threads how many texts are computed at the same time; at least 1
   * @throws InvalidInputException if there are fewer than 1, or the model is not on the class path; the message says what to
   * add
   */
  public LocalEmbedder(LocalModel model, int threads) {
    this(model, threads, () -> SentenceModel.load(model), System::nanoTime);
  }

  /** @param loader loads the model; throws an {@link EmbeddingException} if it can't be loaded */
  LocalEmbedder(LocalModel model, int threads, Supplier<SentenceModel> loader, LongSupplier nanoTime) {
    if (threads < 1) {
      throw new InvalidInputException("threads is " + threads + "; it must be at least 1");
    }
    model.requirePresent(LocalEmbedder.class.getClassLoader());
    this.model = model;
    this.loader = loader;
    this.nanoTime = nanoTime;
    this.threads = new ThreadPoolExecutor(threads, threads, 0, TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(LONGEST_QUEUE),
        Thread.ofPlatform().daemon().name("memlane-sentence-model-", 0).factory());
  }

  /**
   * Loads the model if it isn't loaded and computes a first vector, so that the first text doesn't wait for it.
   *
   * @return completes when the model is ready; fails with an {@link EmbeddingException} if it can't be loaded, or if
   * this is closed first
   */
  public CompletableFuture<Void> warmUp() {
    CompletableFuture<Void> warm = new CompletableFuture<>();
    submit(warm, () -> {
      float[] unused = sentenceModel().embed("warm", false);
      warm.complete(null);
    });
    return warm;
  }

  /**
   * Embeds texts of any length, as described above. The vectors have unit length.
   *
   * @return fails with an {@link EmbeddingException} if the model can't be loaded, more than 10,000 texts are waiting,
   * or this is closed. Cancelling it skips the texts that have not begun
   */
  @Override
  public CompletableFuture<List<float[]>> embed(List<String> texts) {
    return embed(texts, false);
  }

  /** As {@link #embed}, for questions. */
  @Override
  public CompletableFuture<List<float[]>> embedQuestions(List<String> questions) {
    return embed(questions, true);
  }

  private CompletableFuture<List<float[]>> embed(List<String> texts, boolean questions) {
    CompletableFuture<List<float[]>> answer = new CompletableFuture<>();
    float[][] vectors = new float[texts.size()][];
    AtomicInteger missing = new AtomicInteger(texts.size());
    for (int i = 0; i < vectors.length; i++) {
      int index = i;
      String text = texts.get(i);
      submit(answer, () -> {
        vectors[index] = sentenceModel().embed(text, questions);
        if (missing.decrementAndGet() == 0) {
          answer.complete(Arrays.asList(vectors));
        }
      });
    }
    return answer;
  }

  private interface Task {
    void run() throws OrtException;
  }

  private void submit(CompletableFuture<?> answer, Task task) {
    try {
      threads.execute(() -> run(answer, task));
    } catch (RejectedExecutionException e) {
      answer.completeExceptionally(closed
          ? closedException()
          : new EmbeddingException("more than " + LONGEST_QUEUE
              + " texts are waiting for the local sentence model; try again later, or send fewer at once", e));
    }
  }

  private void run(CompletableFuture<?> answer, Task task) {
    if (answer.isDone()) {
      return;
    }
    try {
      task.run();
    } catch (EmbeddingException e) {
      answer.completeExceptionally(e);
    } catch (OrtException | RuntimeException | Error e) {
      answer.completeExceptionally(new EmbeddingException("the local sentence model failed: " + Reasons.of(e), e));
    }
  }

  private SentenceModel sentenceModel() {
    synchronized (lock) {
      if (closed) {
        throw closedException();
      }
      if (loadFailure != null && (isPermanent(loadFailure) || nanoTime.getAsLong() - failedAt < PAUSE.toNanos())) {
        throw loadFailure.copy();
      }
      if (loaded == null) {
        try {
          loaded = loader.get();
          loadFailure = null;
        } catch (EmbeddingException e) {
          LOGGER.log(System.Logger.Level.WARNING,
              "the local sentence model could not be loaded; texts fail until it can be", e);
          loadFailure = e;
          failedAt = nanoTime.getAsLong();
          throw e.copy();
        }
      }
      return loaded;
    }
  }

  /** Whether loading can't succeed any more: a JVM never loads a native library that failed to load once. */
  private static boolean isPermanent(EmbeddingException failure) {
    return failure.getCause() instanceof LinkageError;
  }

  /** Whether the model has a prefix for questions; e5-small-v2 has. */
  @Override
  public boolean distinguishesQuestions() {
    return !model.questionPrefix().equals(model.textPrefix());
  }

  /** "all-MiniLM-L6-v2-q", or "e5-small-v2-q". */
  @Override
  public String model() {
    return model.title();
  }

  /** 384. */
  @Override
  public int dimension() {
    return SentenceModel.DIMENSION;
  }

  /**
   * 32 texts and 64,000 characters. On two cores, that is about a tenth of a second for short texts, a second for long.
   */
  @Override
  public Limits limits() {
    return new Limits(32, 64_000);
  }

  /**
   * Fails the texts that have not begun, waits for those that have (less than a second), and unloads the model. Does
   * nothing the second time.
   */
  @Override
  public void close() {
    closed = true;
    threads.shutdown();
    try {
      if (!threads.awaitTermination(SECONDS_TO_CLOSE, TimeUnit.SECONDS)) {
        // Unloading a model that a thread is running would crash the JVM. The memory is released when the JVM ends.
        return;
      }
    } catch (InterruptedException e) {
      // Threads may still be running the model: as above.
      Thread.currentThread().interrupt();
      return;
    }
    synchronized (lock) {
      if (loaded != null) {
        loaded.close();
        loaded = null;
      }
    }
  }

  private static EmbeddingException closedException() {
    return new EmbeddingException("the local sentence model has been closed", null);
  }

  @Override
  public String toString() {
    return "LocalEmbedder[" + model() + ", " + threads.getMaximumPoolSize() + " threads]";
  }
}
