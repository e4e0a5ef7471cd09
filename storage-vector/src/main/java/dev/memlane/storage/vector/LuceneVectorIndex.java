package dev.memlane.storage.vector;

import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.Embedding;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.IOFunction;
import org.jspecify.annotations.Nullable;

/**
 * The vector index on Apache Lucene, in a folder that it owns alone.
 *
 * <pre>{@code
 * VectorIndex index = LuceneVectorIndex.builder(Path.of("vectors")).model("all-minilm-l6-v2").dimension(384).open();
 * }</pre>
 *
 * <p>
 * <b>Writes</b> are applied by a few threads of the index's own ({@link WriteQueue}): a memory's in the order in which
 * they were asked for, others side by side. A write is done when Lucene has it in memory; the next search makes it
 * visible ({@link LatestView}), and a commit in the background makes it durable ({@link Commits}).
 *
 * <p>
 * <b>Searches</b> run on a bounded number of threads of the index's own; one that has to wait for more than 10 seconds
 * until the last writes are visible, because one of them hangs, fails. A scope or filter with up to some thousand
 * documents is searched exactly, a larger part by a graph ({@link VectorSearch}), which is built when segments are
 * merged in the background ({@link IndexCodec}).
 *
 * <p>
 * <b>Failure.</b> A put that Lucene did not take is not applied; one that failed inside Lucene is in doubt. After some
 * failures (a full disk while documents are written to files, broken files met by a merge) Lucene gives up its writer
 * for good. The index has failed then: every write is refused as not applied and every search fails, with an exception
 * that says why, until it is closed and opened again. What a crash or such a failure takes is what was written since
 * the last commit; who opens the index compares it with the core store and puts what is missing.
 *
 * <p>
 * Safe for use by several threads. What is chained to a returned future may run on the thread that writes or searches,
 * and must not block there.
 */
public final class LuceneVectorIndex implements VectorIndex {

  /** How long a summary waits for its turn among the searches. */
  private static final Duration SUMMARY_PATIENCE = Duration.ofSeconds(30);

  // What it is.
  private final IndexIdentity identity;
  private final Words words;
  private final IndexFailures failures;
  private final InstantSource clock;
  /** How long closing waits for writes that were taken, and then again for the last commit. */
  private final Duration closingPatience;

  // Lucene's parts.
  private final Directory directory;
  private final IndexWriter writer;
  private final Retentions retentions;
  private final LatestView view;
  private final IndexSearch search;

  // What runs beside the callers.
  private final WriteQueue writes;
  private final Commits commits;
  private final Expunges expunges;
  private final ThreadPoolExecutor readers;
  private final ScheduledThreadPoolExecutor deadlines;

  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);

  private enum State {
    OPEN,
    /** Applies the writes that it has taken, and takes no more. */
    CLOSING, CLOSED
  }

  private LuceneVectorIndex(Builder options, OpenedIndex opened, IndexIdentity identity, Words words) {
    this.identity = identity;
    this.words = words;
    this.failures = new IndexFailures(options.path);
    this.clock = options.clock;
    this.closingPatience = options.closingPatience;
    this.directory = opened.directory();
    this.writer = opened.writer();
    this.retentions = opened.retentions();
    this.view = opened.view();
    this.search = new IndexSearch(new VectorSearch(options.exactLimit), new TextQueries(words));
    this.writes = new WriteQueue(options.writeThreads, options.queueBound);
    this.commits = new Commits(writer, retentions, failures, options.commitInterval);
    this.expunges = new Expunges(opened, commits, failures);
    this.readers = new ThreadPoolExecutor(options.searchThreads, options.searchThreads, 30, TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(options.queueBound), Threads.named("memlane-index-search"));
    this.readers.allowCoreThreadTimeOut(true);
    this.deadlines = new ScheduledThreadPoolExecutor(1, Threads.named("memlane-index-deadlines"));
    this.deadlines.setRemoveOnCancelPolicy(true);
    this.deadlines.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /**
   * Begins to open the index in this folder, which is made if it isn't there.
   *
   * @param directory a folder of the index's own, on a local disk
   */
  public static Builder builder(Path directory) {
    return new Builder(directory);
  }

  /**
   * Deletes the index in this folder, so that it can be built again: the index's files, and the folder if nothing else
   * is in it. Nothing happens if there is no such folder.
   *
   * @throws StoreException if an index is open on it, or a file can't be deleted
   */
  public static void delete(Path directory) {
    try {
      IndexFolder.delete(directory);
    } catch (IOException e) {
      throw new IndexFailures(directory).deleting(e);
    }
  }

  /**
   * The language that the index in this folder was built for; empty if there is none, or it can't be read, which its opening will
   * tell.
   */
  public static Optional<Locale> language(Path directory) {
    try {
      return Optional.ofNullable(IndexIdentity.language(IndexFolder.committedUserData(directory)));
    } catch (IOException e) {
      // Damaged, so it is opened next, which says so, or built again.
      return Optional.empty();
    }
  }

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    String mismatch = mismatch(document.embedding());
    if (mismatch != null) {
      return CompletableFuture.completedFuture(new NotApplied(
          new StoreException("the vector of memory " + document.memory().id() + " " + mismatch, null)));
    }
    PendingPut put = new PendingPut(document, deadline, clock, this::apply);
    if (!writes.offer(document.memory().id(), put)) {
      return CompletableFuture.completedFuture(new NotApplied(refusal()));
    }
    put.watch(deadlines);
    return put.result();
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    StoreResult result;
    if (failure() != null || !writes.hasRoom(name.memory())) {
      result = new NotApplied(refusal());
    } else if (!clock.instant().isBefore(deadline)) {
      result = new NotApplied(new StoreException("the vector index was asked after the deadline " + deadline, null));
    } else {
      // The index knows operations, not versions; nothing here is to be undone by one.
      result = new Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), 0));
    }
    return CompletableFuture.completedFuture(result);
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return write(name.memory(), () -> retentions.add(name));
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    return write(name.memory(), () -> writer.deleteDocuments(DocumentFields.documentTerm(name)));
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return write(memory, () -> writer.deleteDocuments(DocumentFields.memoryTerm(memory)));
  }

  @Override
  public CompletableFuture<Void> clear() {
    Removal removal = new Removal(writer::deleteAll);
    if (!writes.offerToAll(removal)) {
      removal.result.completeExceptionally(refusal());
    }
    return removal.result;
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    Embedding vector = query.vector();
    String mismatch = vector == null ? null : mismatch(vector);
    if (mismatch != null) {
      return CompletableFuture.failedFuture(new StoreException("the query's vector " + mismatch, null));
    }
    return read("could not be searched", searcher -> search.search(searcher, query));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    if (limit < 1) {
      throw new InvalidInputException("limit is " + limit + "; it must be at least 1");
    }
    return read("could not be listed", searcher -> DocumentNames.page(searcher.getIndexReader(), after, limit));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    List<MemoryId> asked = List.copyOf(memories);
    return read("could not be listed", searcher -> DocumentNames.of(searcher.getIndexReader(), asked));
  }

  @Override
  public CompletableFuture<Void> commit() {
    StoreException failure = failure();
    return failure != null ? CompletableFuture.failedFuture(failure) : commits.request();
  }

  @Override
  public CompletableFuture<Void> expunge() {
    StoreException failure = failure();
    return failure != null ? CompletableFuture.failedFuture(failure) : expunges.request();
  }

  @Override
  public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    List<MemoryId> asked = List.copyOf(memories);
    return read("could not be looked through", searcher -> DocumentNames.hasRemoved(searcher.getIndexReader(), asked));
  }

  /**
   * Looks at the index as a search does, so it sees every write whose future completed before.
   *
   * @throws StoreException if the index can't be read
   */
  @Override
  public IndexSummary summary() {
    // On a reader's thread: refreshing writes files, and an interrupt of the caller's would close the one being written.
    CompletableFuture<IndexSummary> summary = read("could not be read",
        searcher -> new IndexSummary(identity.model(), identity.dimension(), searcher.getIndexReader().numDocs(),
            IndexFolder.committedBytes(directory)));
    await(summary, SUMMARY_PATIENCE, "did not tell what it holds");
    return summary.join();
  }

  /**
   * Takes no more writes, applies those that it has taken, commits, and lets go of the files. Waits half a minute at
   * most for the writes, and for the commit; a second call does nothing.
   *
   * @throws StoreException if what was written last could not be made durable, or the files could not be let go; the
   *         index is closed nevertheless, and comparing it with the core store on opening makes it whole
   */
  @Override
  public void close() {
    if (!state.compareAndSet(State.OPEN, State.CLOSING)) {
      return;
    }
    boolean applied = writes.close(closingPatience, failures.closed());
    state.set(State.CLOSED);
    deadlines.shutdown();
    readers.shutdown();
    expunges.close();
    CompletableFuture<Void> closing = commits.closeWriter().whenComplete((done, failure) -> {
      try (directory; view) {
        // Only closing.
      } catch (IOException e) {
        StoreException unclosed = failures.general("could not let go of its files", e);
        if (failure == null) {
          throw unclosed;
        }
        failure.addSuppressed(unclosed);
      }
    });
    await(closing, closingPatience, "could not be closed");
    if (!applied) {
      throw failures.unfinished();
    }
  }

  private StoreResult apply(IndexDocument source) {
    StoreException failure = failure();
    if (failure != null) {
      return new NotApplied(failure);
    }
    DocumentName name = source.name();
    Document document;
    try {
      document = DocumentFields.of(source, words);
    } catch (RuntimeException e) {
      return new NotApplied(failures.general("can't take memory " + name.memory(), e));
    }
    try {
      retentions.beforePut(name.memory());
      writer.updateDocument(DocumentFields.documentTerm(name), document);
    } catch (IllegalArgumentException e) {
      // Lucene's word that it can't index such a document; the writer stays as it was.
      return new NotApplied(failures.general("can't take memory " + name.memory(), e));
    } catch (IOException | RuntimeException e) {
      view.count();
      return new InDoubt(failures.general("failed while it wrote memory " + name.memory(), e));
    }
    view.count();
    commits.count();
    return new Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), source.memory().version()));
  }

  private CompletableFuture<Void> write(MemoryId memory, Change change) {
    Removal removal = new Removal(change);
    if (!writes.offer(memory, removal)) {
      removal.result.completeExceptionally(refusal());
    }
    return removal.result;
  }

  private <T> CompletableFuture<T> read(String failing, IOFunction<IndexSearcher, T> reader) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      readers.execute(() -> {
        StoreException failure = failure();
        if (failure != null) {
          result.completeExceptionally(failure);
          return;
        }
        try {
          result.complete(view.read(reader));
        } catch (Throwable e) {
          StoreException since = failure();
          result.completeExceptionally(since != null ? since : failures.general(failing, e));
        }
      });
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(refusal());
    }
    return result;
  }

  @Override
  public @Nullable StoreException failure() {
    if (state.get() == State.CLOSED) {
      return failures.closed();
    }
    Throwable tragic = writer.getTragicException();
    return tragic == null ? null : failures.tragic(tragic);
  }

  /** Why a write or search was refused at the door. */
  private StoreException refusal() {
    if (state.get() != State.OPEN) {
      return failures.closed();
    }
    StoreException failure = failure();
    return failure != null ? failure : failures.busy();
  }

  private @Nullable String mismatch(Embedding embedding) {
    return embedding.model().equals(identity.model()) && embedding.dimension() == identity.dimension()
        ? null
        : "was made by " + embedding.model() + " (" + embedding.dimension() + " dimensions), but the vector index in "
            + failures.directory() + " holds vectors of " + identity.model() + " (" + identity.dimension()
            + " dimensions): use that model, or run `memlane reindex` to change it";
  }

  private void await(CompletableFuture<?> future, Duration patience, String failing) {
    try {
      boolean there = Waits.until(System.nanoTime() + patience.toNanos(), nanos -> {
        try {
          future.get(nanos, TimeUnit.NANOSECONDS);
          return true;
        } catch (TimeoutException e) {
          return false;
        } catch (ExecutionException e) {
          throw new CompletionException(e.getCause());
        }
      });
      if (!there) {
        throw failures.late(failing, patience);
      }
    } catch (CompletionException e) {
      throw failures.general(failing, Objects.requireNonNullElse(e.getCause(), e));
    }
  }

  private interface Change {
    long apply() throws IOException;
  }

  /** Every write but a put: it has no deadline, and its future tells whether it was done. */
  private final class Removal implements WriteQueue.Write {

    private final Change change;
    private final CompletableFuture<Void> result = new CompletableFuture<>();

    Removal(Change change) {
      this.change = change;
    }

    @Override
    public void run() {
      StoreException failure = failure();
      if (failure != null) {
        result.completeExceptionally(failure);
        return;
      }
      try {
        change.apply();
        view.count();
        result.complete(null);
      } catch (Throwable e) {
        view.count();
        result.completeExceptionally(failures.general("failed while it removed documents", e));
      }
    }

    @Override
    public void withdraw(StoreException reason) {
      result.completeExceptionally(reason);
    }
  }

  /** Collects the options. Not safe for use by several threads. */
  public static final class Builder {

    private final Path path;
    private @Nullable String model;
    private int dimension;
    private Locale language = Locale.ENGLISH;
    private Duration commitInterval = Duration.ofSeconds(10);
    private int ramBufferMegabytes = 64;
    private int writeThreads = 2;
    private int searchThreads = Math.max(2, Runtime.getRuntime().availableProcessors());
    private int queueBound = 10_000;
    private InstantSource clock = InstantSource.system();

    // For tests.
    private @Nullable Analyzer analyzer;
    private UnaryOperator<Directory> wrapper = UnaryOperator.identity();
    private int exactLimit = 20_000;
    private int graphThreshold = 2_000;
    private Duration refreshPatience = Duration.ofSeconds(10);
    private Duration closingPatience = Duration.ofSeconds(30);

    private Builder(Path path) {
      this.path = path;
    }

    /** The name of the embedding model whose vectors the index takes; required. */
    public Builder model(String model) {
      this.model = model;
      return this;
    }

    /** The vectors' dimension; required. */
    public Builder dimension(int dimension) {
      this.dimension = atLeast(1, dimension, "dimension");
      return this;
    }

    /**
     * The language whose words the index knows: their forms, and those that tell nothing. English by default; words of a language
     * that Lucene doesn't know are looked for as they are. An index is opened with the language only that it was built for.
     */
    public Builder language(Locale language) {
      this.language = Objects.requireNonNull(language, "language");
      return this;
    }

    /** How long a write stays volatile at most; 10 seconds by default. Nothing is committed while nothing changes. */
    public Builder commitInterval(Duration commitInterval) {
      if (!commitInterval.isPositive()) {
        throw new InvalidInputException("commitInterval is " + commitInterval + "; it must be longer than nothing");
      }
      this.commitInterval = commitInterval;
      return this;
    }

    /** How many megabytes of documents gather in memory before they are written to files; 64 by default. */
    public Builder ramBufferMegabytes(int ramBufferMegabytes) {
      this.ramBufferMegabytes = atLeast(1, ramBufferMegabytes, "ramBufferMegabytes");
      return this;
    }

    /** How many threads apply writes; 2 by default. */
    public Builder writeThreads(int writeThreads) {
      this.writeThreads = atLeast(1, writeThreads, "writeThreads");
      return this;
    }

    /** How many searches run at the same time; by default one for each processor, and at least 2. */
    public Builder searchThreads(int searchThreads) {
      this.searchThreads = atLeast(1, searchThreads, "searchThreads");
      return this;
    }

    /** How many writes, and how many searches, wait at most; 10,000 by default. More are refused. */
    public Builder queueBound(int queueBound) {
      this.queueBound = atLeast(1, queueBound, "queueBound");
      return this;
    }

    /** What deadlines are compared with; by default the system's clock. */
    public Builder clock(InstantSource clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /** Makes words of texts instead of the language's. */
    Builder analyzer(Analyzer analyzer) {
      this.analyzer = analyzer;
      return this;
    }

    /** Puts something around Lucene's directory, such as what makes it fail. */
    Builder directory(UnaryOperator<Directory> wrapper) {
      this.wrapper = wrapper;
      return this;
    }

    /** See {@link VectorSearch}. */
    Builder exactLimit(int exactLimit) {
      this.exactLimit = exactLimit;
      return this;
    }

    /** See {@link IndexCodec}. */
    Builder graphThreshold(int graphThreshold) {
      this.graphThreshold = graphThreshold;
      return this;
    }

    /** See {@link LatestView}. */
    Builder refreshPatience(Duration refreshPatience) {
      this.refreshPatience = refreshPatience;
      return this;
    }

    /** See {@link LuceneVectorIndex#close}. */
    Builder closingPatience(Duration closingPatience) {
      this.closingPatience = closingPatience;
      return this;
    }

    /**
     * Opens the index, empty if the folder holds none.
     *
     * @throws IncompatibleIndexException if the folder's index was built for another model, dimension or language
     * @throws DamagedIndexException if its files can't be read
     * @throws StoreException if an index is open on the folder, here or in another process, or the folder can't be used
     * @throws IllegalStateException if the model or the dimension is missing
     */
    public LuceneVectorIndex open() {
      if (model == null || dimension == 0) {
        throw new IllegalStateException("a vector index needs the name of its embedding model and the dimension");
      }
      IndexIdentity identity = new IndexIdentity(model, dimension, language);
      Words words = analyzer == null ? Words.of(language) : Words.of(analyzer);
      OpenedIndex opened = OpenedIndex.open(path, identity, words.analyzer(), ramBufferMegabytes, graphThreshold,
          refreshPatience, wrapper);
      return new LuceneVectorIndex(this, opened, identity, words);
    }

    private static int atLeast(int least, int value, String name) {
      if (value < least) {
        throw new InvalidInputException(name + " is " + value + "; it must be at least " + least);
      }
      return value;
    }
  }
}
