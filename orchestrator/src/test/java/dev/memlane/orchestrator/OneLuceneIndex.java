package dev.memlane.orchestrator;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexContents;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A local index that several orchestrators of this process share, and which counts what costs a cluster much. */
final class OneLuceneIndex implements SharedIndexOpener, AutoCloseable {

  private final Path directory;
  private final List<DocumentName> arrivals = new ArrayList<>();
  private @Nullable LuceneVectorIndex index;
  private @Nullable String checkpoint;
  private UUID identity = UUID.randomUUID();

  /** How many pages of all its names were read. */
  final AtomicInteger pagesOfAllNames = new AtomicInteger();

  /** Runs before a checkpoint is recorded, which is the last step of building the index. */
  volatile Runnable beforeCheckpoint = () -> {};

  OneLuceneIndex(Path directory) {
    this.directory = directory;
  }

  @Override
  public synchronized SharedIndex open(IndexContents contents, boolean anew) {
    if (index == null) {
      index = LuceneVectorIndex.builder(directory).model(contents.model()).dimension(contents.dimension()).open();
    }
    if (anew) {
      lose();
    }
    return new Client(index);
  }

  /** Loses everything, as a cluster does whose index was deleted. */
  synchronized void lose() {
    arrivals.clear();
    checkpoint = null;
    identity = UUID.randomUUID();
    store().clear().join();
  }

  synchronized LuceneVectorIndex store() {
    LuceneVectorIndex open = index;
    if (open == null) {
      throw new IllegalStateException("nobody has opened it");
    }
    return open;
  }

  /** Notes a put that was executed late: the document is there, whatever has happened meanwhile. */
  void putLate(IndexDocument document) {
    store().put(document, Instant.MAX).join();
    arrived(document.name());
  }

  private synchronized void arrived(DocumentName name) {
    arrivals.add(name);
  }

  private synchronized String position(int at) {
    return identity + " " + at;
  }

  private synchronized int read(@Nullable String position) {
    if (position == null) {
      return 0;
    }
    String prefix = identity + " ";
    if (!position.startsWith(prefix)) {
      throw new ExpiredCursorException("the position is of another index");
    }
    return Integer.parseInt(position.substring(prefix.length()));
  }

  private synchronized Arrivals page(@Nullable String after, String until, int limit) {
    int from = read(after);
    int to = Math.min(read(until), from + limit);
    return new Arrivals(arrivals.subList(from, to), position(to), to < read(until));
  }

  private synchronized String end() {
    return position(arrivals.size());
  }

  @Override
  public synchronized void close() {
    if (index != null) {
      index.close();
    }
  }

  /** What one orchestrator has of the index. Closing it leaves the index open for the others. */
  private final class Client implements SharedIndex {

    private final LuceneVectorIndex index;

    Client(LuceneVectorIndex index) {
      this.index = index;
    }

    @Override
    public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
      return index.put(document, deadline).thenApply(result -> {
        arrived(document.name());
        return result;
      });
    }

    @Override
    public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
      return index.check(name, deadline);
    }

    @Override
    public CompletableFuture<Void> retain(DocumentName name) {
      throw new UnsupportedOperationException("it would remove what other processes have put");
    }

    @Override
    public CompletableFuture<Void> remove(DocumentName name) {
      return index.remove(name);
    }

    @Override
    public CompletableFuture<Void> removeAll(MemoryId memory) {
      throw new UnsupportedOperationException("it would remove what other processes have put");
    }

    @Override
    public CompletableFuture<IndexHits> search(IndexQuery query) {
      return index.search(query);
    }

    @Override
    public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
      return index.actors(scopes, keys);
    }

    @Override
    public CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents) {
      return index.temporary(documents);
    }

    @Override
    public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
      pagesOfAllNames.incrementAndGet();
      return index.names(after, limit);
    }

    @Override
    public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
      return index.names(memories);
    }

    @Override
    public CompletableFuture<Arrivals> arrivals(@Nullable String after, String until, int limit) {
      return CompletableFuture.completedFuture(limit).thenApply(most -> page(after, until, most));
    }

    @Override
    public CompletableFuture<String> end() {
      return CompletableFuture.completedFuture(OneLuceneIndex.this.end());
    }

    @Override
    public CompletableFuture<@Nullable String> lastCheckpoint() {
      synchronized (OneLuceneIndex.this) {
        return CompletableFuture.completedFuture(checkpoint);
      }
    }

    @Override
    public CompletableFuture<Void> recordCheckpoint(String text) {
      beforeCheckpoint.run();
      synchronized (OneLuceneIndex.this) {
        checkpoint = text;
      }
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> commit() {
      return index.commit();
    }

    @Override
    public CompletableFuture<Void> expunge() {
      return index.expunge();
    }

    @Override
    public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
      return index.holdsRemoved(memories);
    }

    @Override
    public CompletableFuture<Void> clear() {
      lose();
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public IndexSummary summary() {
      return index.summary();
    }

    @Override
    public @Nullable StoreException failure() {
      return index.failure();
    }

    @Override
    public void close() {
      // The index outlives its clients.
    }
  }
}
