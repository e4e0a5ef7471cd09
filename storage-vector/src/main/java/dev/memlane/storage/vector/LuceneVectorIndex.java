package dev.memlane.storage.vector;

import dev.memlane.model.Embedding;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.CheckpointSource;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.lucene.store.Directory;
import org.jspecify.annotations.Nullable;

/**
 * The vector index on Apache Lucene, in a folder of its own.
 *
 * <pre>{@code
 * VectorIndex index = LuceneVectorIndex.builder(Path.of("vectors")).model("all-minilm-l6-v2").dimension(384).open();
 * }</pre>
 *
 * <p>
 * <b>Writes</b> are applied by a few threads of the index ({@link WriteQueue}): those of one memory in the order in
 * which they were requested, those of different memories in parallel. A write is done when Lucene has it in memory. The
 * next search makes it visible ({@link LatestView}), and a commit in the background makes it durable
 * ({@link Committer}).
 *
 * <p>
 * <b>Searches</b> run on a bounded number of threads of the index ({@link ReadExecutor}). A search fails if the last
 * writes do not become visible within 10 seconds, because one of them hangs. A scope or filter with up to some thousand
 * documents is searched exactly, a larger one by a graph ({@link VectorSearch}), which is built when segments are
 * merged in the background ({@link IndexCodec}).
 *
 * <p>
 * <b>Failure.</b> A put that Lucene rejected is not applied; a put that failed inside Lucene is in doubt. After some
 * failures (a full disk while documents are written to files, broken files found by a merge) Lucene closes its writer
 * permanently. The index has failed then: every write is refused as not applied and every search fails, with an
 * exception that says why, until the index is closed and opened again. A crash or such a failure loses the writes since
 * the last commit. After opening, the index must therefore be compared with the core store, and missing documents put
 * again.
 *
 * <p>
 * Safe for use by several threads. Code chained to a returned future may run on a thread that writes or searches, and
 * must not block there.
 */
public final class LuceneVectorIndex implements VectorIndex {

  /** How long a summary waits among the searches. */
  private static final Duration SUMMARY_PATIENCE = Duration.ofSeconds(30);

  private final IndexIdentity identity;
  private final IndexFailures failures;
  private final IndexStatus status;
  private final InstantSource clock;
  /** How long closing waits for accepted writes, and then again for the last commit. */
  private final Duration closingPatience;

  private final @Nullable String checkpoint;
  private final Directory directory;
  private final LatestView view;
  private final Words words;
  private final IndexSearch search;
  private final ReadExecutor reads;
  private final DocumentWriter documents;
  private final Committer committer;
  private final ExpungeJob expunge;

  LuceneVectorIndex(LuceneVectorIndexBuilder options, OpenedIndex opened, IndexIdentity identity, Words words) {
    this.identity = identity;
    this.failures = new IndexFailures(options.path);
    this.status = new IndexStatus(opened.writer(), failures);
    this.clock = options.clock;
    this.closingPatience = options.closingPatience;
    this.checkpoint = opened.checkpoint();
    this.directory = opened.directory();
    this.view = opened.view();
    this.words = words;
    this.search = new IndexSearch(new VectorSearch(identity.storedVectors(), options.exactLimit),
        new TextQueries(words));
    this.reads = new ReadExecutor(view, status, failures, options.searchThreads, options.queueBound);
    this.committer = new Committer(opened.writer(), opened.retains(), identity, failures, options.commitInterval);
    this.documents = new DocumentWriter(opened, words, identity, committer, status, failures, clock,
        new WriteQueue(options.writeThreads, options.queueBound));
    this.expunge = new ExpungeJob(opened, committer, failures);
  }

  /**
   * Begins to open the index in this folder, which is created if it doesn't exist.
   *
   * @param directory a folder for this index alone, on a local disk
   */
  public static LuceneVectorIndexBuilder builder(Path directory) {
    return new LuceneVectorIndexBuilder(directory);
  }

  /**
   * Deletes the index in this folder, so that it can be rebuilt: the index's files, and the folder if it holds nothing
   * else. Does nothing if there is no such folder.
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
   * The language that the index in this folder was built for; empty if there is none, or if it can't be read, in which
   * case opening it fails with the reason.
   */
  public static Optional<Locale> language(Path directory) {
    try {
      return Optional.ofNullable(IndexIdentity.language(IndexFolder.committedUserData(directory)));
    } catch (IOException e) {
      // It is damaged. Opening it next reports that, unless it is rebuilt.
      return Optional.empty();
    }
  }

  /**
   * The name of the model whose vectors the index in this folder holds; empty if there is none, or if it can't be read, in
   * which case opening it fails with the reason.
   */
  public static Optional<String> model(Path directory) {
    try {
      return Optional.ofNullable(IndexIdentity.model(IndexFolder.committedUserData(directory)));
    } catch (IOException e) {
      // It is damaged. Opening it next reports that, unless it is rebuilt.
      return Optional.empty();
    }
  }

  /**
   * How the index in this folder stores vectors; empty if there is none, or if it can't be read, in which case opening it
   * fails with the reason.
   */
  public static Optional<VectorType> vectors(Path directory) {
    try {
      return Optional.ofNullable(IndexIdentity.vectors(IndexFolder.committedUserData(directory)));
    } catch (IOException e) {
      // It is damaged. Opening it next reports that, unless it is rebuilt.
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
    return documents.put(document, deadline);
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    StoreResult result;
    if (failure() != null || !documents.hasRoom(name.memory())) {
      result = new NotApplied(status.refusal());
    } else if (!clock.instant().isBefore(deadline)) {
      result = new NotApplied(new StoreException("the vector index was checked after the deadline " + deadline, null));
    } else {
      // The index knows operations, not versions, and nothing is undone by a version.
      result = new Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), 0));
    }
    return CompletableFuture.completedFuture(result);
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return documents.retain(name);
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    return documents.remove(name);
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return documents.removeAll(memory);
  }

  @Override
  public CompletableFuture<Void> clear() {
    return documents.clear();
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    Embedding vector = query.vector();
    String mismatch = vector == null ? null : mismatch(vector);
    if (mismatch != null) {
      return CompletableFuture.failedFuture(new StoreException("the query's vector " + mismatch, null));
    }
    return reads.search(query.scopes(), searcher -> search.search(searcher, query), IndexHits::without);
  }

  @Override
  public CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents) {
    for (IndexDocument document : documents) {
      String mismatch = mismatch(document.embedding());
      if (mismatch != null) {
        return CompletableFuture.failedFuture(
            new StoreException("the vector of memory " + document.memory().id() + " " + mismatch, null));
      }
    }
    List<IndexDocument> all = List.copyOf(documents);
    // On a thread of the index, whose number is bounded, because analysing thousands of texts keeps a processor busy.
    return reads.read("could not make a temporary index", searcher -> TemporaryIndex.of(all, words, identity, search,
        failures));
  }

  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    List<Scope> within = List.copyOf(scopes);
    Set<String> asked = Set.copyOf(keys);
    // The name of an actor whose last memory was just removed may still be known, which harms no ranking.
    return reads.search(within, searcher -> ActorLookup.find(searcher, within, asked), (found, removed) -> found);
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    if (limit < 1) {
      throw new InvalidInputException("limit is " + limit + "; it must be at least 1");
    }
    return reads.read("could not be listed", searcher -> DocumentNames.page(searcher.getIndexReader(), after, limit));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    List<MemoryId> asked = List.copyOf(memories);
    return reads.read("could not be listed", searcher -> DocumentNames.of(searcher.getIndexReader(), asked));
  }

  @Override
  public CompletableFuture<Void> commit() {
    StoreException failure = failure();
    return failure != null ? CompletableFuture.failedFuture(failure) : committer.request();
  }

  @Override
  public @Nullable String checkpoint() {
    return checkpoint;
  }

  @Override
  public void recordCheckpoints(CheckpointSource source) {
    committer.recordCheckpoints(source);
  }

  @Override
  public CompletableFuture<Void> expunge() {
    StoreException failure = failure();
    return failure != null ? CompletableFuture.failedFuture(failure) : expunge.request();
  }

  @Override
  public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    List<MemoryId> asked = List.copyOf(memories);
    return reads.read("could not be checked for removed documents",
        searcher -> DocumentNames.hasRemoved(searcher.getIndexReader(), asked));
  }

  /**
   * Reads the index as a search does, so it sees every write whose future completed before.
   *
   * @throws StoreException if the index can't be read
   */
  @Override
  public IndexSummary summary() {
    // On a thread of the index, because a refresh writes files, and an interrupt of the caller would close such a file.
    CompletableFuture<IndexSummary> summary = reads.read("could not be read",
        searcher -> new IndexSummary(identity.model(), identity.dimension(), identity.vectors(),
            searcher.getIndexReader().numDocs(), searcher.getIndexReader().leaves().size(),
            IndexFolder.committedBytes(directory),
            identity.format() == IndexFormat.NEWEST ? null : "it does not know who said a memory"));
    await(summary, SUMMARY_PATIENCE, "gave no summary");
    return summary.join();
  }

  /**
   * Refuses new writes, applies the accepted ones, commits, and releases the files. Waits at most half a minute for the
   * writes, and as long for the commit. A second call does nothing.
   *
   * @throws StoreException if the last writes could not be made durable, or the files could not be released; the index
   *         is closed nevertheless, and the comparison with the core store on opening makes it complete
   */
  @Override
  public void close() {
    if (!status.beginClosing()) {
      return;
    }
    boolean applied = documents.close(closingPatience, failures.closed());
    status.setClosed();
    documents.stopDeadlines();
    reads.close();
    expunge.close();
    CompletableFuture<Void> closing = committer.closeWriter().whenComplete((done, failure) -> {
      try (directory; view) {
        // Only closes the two.
      } catch (IOException e) {
        StoreException unclosed = failures.general("could not release its files", e);
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

  @Override
  public @Nullable StoreException failure() {
    return status.failure();
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
      boolean there = Uninterruptibles.awaitUntil(System.nanoTime() + patience.toNanos(), nanos -> {
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
}
