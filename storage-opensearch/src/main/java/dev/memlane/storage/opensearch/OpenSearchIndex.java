package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Embedding;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.SharedIndex;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import dev.memlane.storage.opensearch.DocumentList.Listed;
import dev.memlane.storage.opensearch.IndexOpening.Opened;
import dev.memlane.storage.vector.IncompatibleIndexException;
import dev.memlane.storage.vector.TemporaryIndex;
import dev.memlane.storage.vector.WordAnalysis;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The index on an OpenSearch cluster, shared by all processes that open it.
 *
 * <pre>{@code
 * SharedIndex index = OpenSearchIndex.builder("https://search.example.org:9200").user("memlane", password)
 *     .index("memories").model("all-minilm-l6-v2").dimension(384).open();
 * }</pre>
 *
 * <p>
 * <b>Writes</b> of one memory are sent in the order in which they were requested, each when the one before was answered
 * or has passed its deadline ({@link WriteOrder}). Those of different memories are sent together ({@link BulkSender}). A
 * write is done when the cluster has it in its log on disk, in every copy that it counts as complete. Nothing is sent
 * twice: a put without an answer is in doubt, and may be applied at any later time.
 *
 * <p>
 * <b>Searches</b> see all writes of this process that ended before: a search after a write waits for a refresh, which it
 * shares with all others that wait ({@link RefreshGate}). Writes of other processes are seen within the refresh interval
 * of the index, or once those have closed it. {@link #names(MemoryId, int)}, {@link #arrivals} and removals see them at
 * once, because they refresh every time. At most 10,000 hits of each kind are found. A search that can't see every shard
 * fails.
 *
 * <p>
 * <b>Words and scores</b> are those of {@link dev.memlane.storage.vector.LuceneVectorIndex}: Memlane splits texts, and
 * computes scores from what the cluster counts within the scopes ({@link WordSearch}). Only a query with words that very
 * many documents of its scopes have may rank some of them differently, because the cluster chooses the candidates.
 *
 * <p>
 * <b>Arrivals</b> are exact: see {@link ArrivalLog}.
 *
 * <p>
 * <b>Erasure.</b> {@link #expunge} purges the cluster's files, which takes up to a minute, and longer for a large index.
 * It can't reach what the cluster has copied elsewhere: snapshots, and files of a node that is away and comes back later.
 * {@link #holdsRemoved} knows what this process has removed, and what was removed before it opened the index.
 *
 * <p>
 * <b>Failure.</b> The index has failed if it is gone, or was made anew for another model; then it must be opened again. No
 * other failure is permanent. Safe for use by several threads. Code chained to a returned future runs on a thread of the
 * index and must not block there for long.
 */
public final class OpenSearchIndex implements SharedIndex {

  /** How long a cluster is believed to accept writes after it has accepted one. */
  private static final Duration BELIEVED = Duration.ofSeconds(1);

  private final String name;
  private final IndexIdentity identity;
  private final ClusterFailures failures;
  private final InstantSource clock;
  private final Duration readPatience;
  private final Duration writePatience;
  private final Duration closingPatience;

  private final Executor executor;
  private final ScheduledThreadPoolExecutor alarms;
  private final ClusterClient client;
  private final IndexOpening opening;
  private final WriteOrder order;
  private final BulkSender sender;
  private final RefreshGate gate;
  private final ClusterSearch search;
  private final DocumentList list;
  private final ArrivalLog log;
  private final Expunger expunger;
  private final CheckpointDocument checkpoint;

  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile Opened opened;
  private volatile @Nullable StoreException failure;
  /** When the cluster last accepted a write, as a {@link System#nanoTime}; 0 for never. */
  private volatile long accepted;

  OpenSearchIndex(OpenSearchIndexBuilder options, IndexIdentity identity) {
    this.name = options.index;
    this.identity = identity;
    this.clock = options.clock;
    this.readPatience = options.readTimeout;
    this.writePatience = options.writeTimeout;
    this.closingPatience = options.closingPatience;
    this.failures = new ClusterFailures(name, options.credentials);
    // It keeps no threads, so it needs no closing, and ends what is left when the rest is closed.
    this.executor = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-opensearch-", 0).factory());
    this.alarms = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-opensearch-deadlines").factory());
    this.alarms.setRemoveOnCancelPolicy(true);
    this.client = new ClusterClient(options.hosts(), options.credentials, options.trust(), options.connectTimeout,
        executor, failures, options.requests, options.queueBound);
    IndexDefinition definition = new IndexDefinition(identity, options.shards, options.replicas,
        options.refreshInterval);
    this.opening = new IndexOpening(client, failures, definition, name, writePatience);
    WordAnalysis analysis = WordAnalysis.of(identity.language());
    DocumentJson documents = new DocumentJson(analysis, identity.vectors() == VectorType.BYTE);
    this.order = new WriteOrder(executor, options.queueBound);
    this.sender = new BulkSender(client, failures, documents, executor, name, writePatience, options.bulkRequests);
    this.gate = new RefreshGate(this::refresh);
    this.search = new ClusterSearch(client, failures, analysis, documents, identity.routing(), name, readPatience);
    this.list = new DocumentList(client, failures, name, readPatience);
    this.log = new ArrivalLog(client, failures, gate::allWrites, this::states, executor, name, readPatience);
    this.checkpoint = new CheckpointDocument(client, failures, name, options.replicas, writePatience);
    try {
      this.opened = (options.anew ? opening.openAnew() : opening.open()).join();
      this.expunger = new Expunger(client, failures, this::states, gate::allWrites, executor, name,
          states().join().mayHoldRemoved(), readPatience, options.expungePatience);
    } catch (CompletionException e) {
      release();
      throw e.getCause() instanceof MemlaneException known ? known : failures.general("could not be opened", e);
    }
  }

  /**
   * Begins to open the index.
   *
   * @param hosts the addresses of one or several nodes, such as {@code https://search.example.org:9200}; requests go to
   * all of them in turn
   * @throws InvalidInputException if one is no address of a web server, or contains a password; the message doesn't repeat
   * it
   */
  public static OpenSearchIndexBuilder builder(String... hosts) {
    return new OpenSearchIndexBuilder(List.of(hosts));
  }

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    StoreException refusal = refusal();
    String mismatch = mismatch(document.embedding());
    if (refusal == null && mismatch != null) {
      refusal = new StoreException("the vector of memory " + document.memory().id() + " " + mismatch, null);
    }
    if (refusal != null) {
      return CompletableFuture.completedFuture(new NotApplied(refusal));
    }
    PendingPut put = new PendingPut(document, deadline,
        (sent, begin) -> sender.put(sent, identity.routing().of(sent.memory()), begin)
            .whenComplete((done, failed) -> learn(failed)),
        gate::written, executor, writePatience);
    Duration left = Duration.between(clock.instant(), deadline);
    if (!left.isPositive()) {
      put.expire();
    } else if (order.offer(put)) {
      watch(put, left);
    } else {
      put.withdraw(closing.get() ? failures.closed() : failures.busy());
    }
    return put.result();
  }

  private void watch(PendingPut put, Duration left) {
    // A put that was sent ends when its request does. One that waits behind others ends when theirs have ended.
    if (left.compareTo(Duration.ofDays(1)) > 0) {
      return;
    }
    try {
      put.watchedBy(alarms.schedule(() -> executor.execute(put::expire), left.toNanos(), TimeUnit.NANOSECONDS));
    } catch (RejectedExecutionException e) {
      // The index is being closed, which ends every put in time.
      return;
    }
  }

  /** Remembers what the end of a write says of the index. */
  private void learn(@Nullable Throwable failed) {
    if (failed == null) {
      accepted = System.nanoTime() | 1;
      return;
    }
    accepted = 0;
    Throwable cause = failed instanceof CompletionException && failed.getCause() != null ? failed.getCause() : failed;
    if (cause instanceof RefusedException refused && refused.type().equals("index_not_found_exception")) {
      // It may have been replaced by an empty one at this moment.
      CompletableFuture<?> unused = opening.find().whenComplete((found, unfound) -> {
        if (unfound == null && found == null) {
          failure = failures.gone();
        }
      });
    }
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    StoreException refusal = refusal();
    if (refusal == null && !clock.instant().isBefore(deadline)) {
      refusal = new StoreException("the index on OpenSearch was checked after the deadline " + deadline, null);
    }
    if (refusal == null && !order.hasRoom()) {
      refusal = failures.busy();
    }
    if (refusal != null) {
      return CompletableFuture.completedFuture(new NotApplied(refusal));
    }
    // The index knows operations, not versions, and nothing is undone by a version.
    StoreResult agreed = new Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), 0));
    long last = accepted;
    if (last != 0 && System.nanoTime() - last < BELIEVED.toNanos()) {
      return CompletableFuture.completedFuture(agreed);
    }
    Duration left = Duration.between(clock.instant(), deadline);
    Duration patience = left.compareTo(writePatience) < 0 ? left : writePatience;
    return client.ask(Request.get("could not be asked whether it accepts writes",
        "/" + this.name + "/_settings/index.blocks.*?flat_settings=true"), patience).handle((settings, failed) -> {
          if (failed != null) {
            learn(failed);
            return new NotApplied(failures.general("could not be asked whether it accepts writes", failed));
          }
          StoreException blocked = blocked(settings);
          return blocked == null ? agreed : new NotApplied(blocked);
        });
  }

  private @Nullable StoreException blocked(JsonNode settings) {
    for (JsonNode index : settings) {
      for (var setting : index.path("settings").properties()) {
        if (setting.getValue().asBoolean() && !setting.getKey().equals("index.blocks.read")
            && !setting.getKey().equals("index.blocks.metadata")) {
          return failures.blocked(setting.getKey());
        }
      }
    }
    return null;
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return write(name.memory(), () -> removeListed(name.memory(), listed -> !listed.equals(name)));
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    String routing = identity.routing().of(name.memory());
    return write(name.memory(), () -> {
      if (routing == null) {
        return removeListed(name.memory(), name::equals);
      }
      return removed(name.memory(), sender.remove(name, routing));
    });
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return write(memory, () -> removeListed(memory, listed -> true));
  }

  private CompletableFuture<Void> removeListed(MemoryId memory, java.util.function.Predicate<DocumentName> which) {
    return gate.allWrites().thenCompose(seen -> list.of(memory, identity.routing().of(memory))).thenCompose(all -> {
      List<CompletableFuture<Void>> removals = new ArrayList<>();
      for (Listed listed : all) {
        if (which.test(listed.name())) {
          removals.add(removed(memory, sender.remove(listed.name(), listed.routing())));
        }
      }
      return CompletableFuture.allOf(removals.toArray(CompletableFuture[]::new));
    });
  }

  private CompletableFuture<Void> removed(MemoryId memory, CompletableFuture<Void> removal) {
    return removal.whenComplete((done, failed) -> {
      expunger.removed(memory);
      gate.written();
      learn(failed);
    });
  }

  /** Removes every document, by an empty index in place of this one: in all processes, positions of arrivals expire. */
  @Override
  public CompletableFuture<Void> clear() {
    return write(null, () -> opening.replace().thenCompose(done -> opening.open()).thenAccept(now -> {
      opened = now;
      gate.written();
    }));
  }

  private CompletableFuture<Void> write(@Nullable MemoryId memory, Supplier<CompletableFuture<Void>> work) {
    return unlessRefused("could not be written", () -> {
      PendingRemoval removal = new PendingRemoval(memory, work);
      return order.offer(removal)
          ? removal.result()
          : CompletableFuture.failedFuture(closing.get() ? failures.closed() : failures.busy());
    });
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    for (Embedding vector : new Embedding[]{query.vector(), query.spoken()}) {
      String mismatch = vector == null ? null : mismatch(vector);
      if (mismatch != null) {
        return CompletableFuture.failedFuture(new StoreException("the query's vector " + mismatch, null));
      }
    }
    return unlessRefused("could not be searched",
        () -> gate.ownWrites().thenCompose(seen -> search.search(query)));
  }

  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    List<Scope> within = List.copyOf(scopes);
    Set<String> asked = Set.copyOf(keys);
    return unlessRefused("could not be searched",
        () -> gate.ownWrites().thenCompose(seen -> search.actors(within, asked)));
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
    return unlessRefused("could not make a temporary index", () -> CompletableFuture.supplyAsync(
        () -> TemporaryIndex.of(all, identity.model(), identity.dimension(), identity.language()), executor));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    if (limit < 1) {
      throw new InvalidInputException("limit is " + limit + "; it must be at least 1");
    }
    return unlessRefused("could not be listed", () -> gate.allWrites().thenCompose(seen -> list.page(after, limit)));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    List<MemoryId> asked = List.copyOf(memories);
    return unlessRefused("could not be listed", () -> gate.allWrites().thenCompose(seen -> list.of(asked)));
  }

  @Override
  public CompletableFuture<Arrivals> arrivals(@Nullable String after, String until, int limit) {
    if (limit < 1) {
      throw new InvalidInputException("limit is " + limit + "; it must be at least 1");
    }
    return unlessRefused("could not be asked for arrivals", () -> log.read(after, until, limit));
  }

  @Override
  public CompletableFuture<String> end() {
    return unlessRefused("could not be asked for its end", log::end);
  }

  @Override
  public CompletableFuture<@Nullable String> lastCheckpoint() {
    return unlessRefused("could not be asked for its checkpoint", checkpoint::read);
  }

  @Override
  public CompletableFuture<Void> recordCheckpoint(String text) {
    return unlessRefused("could not record a checkpoint", () -> checkpoint.write(text));
  }

  @Override
  public CompletableFuture<Void> commit() {
    return unlessRefused("could not be made durable", () -> client
        .ask(Request.post("could not be made durable", "/" + name + "/_flush?wait_if_ongoing=true", null), readPatience)
        .thenAccept(answer -> Hits.whole(answer, failures, "could not be made durable")));
  }

  /**
   * {@inheritDoc} It can't purge what the cluster has copied elsewhere, such as snapshots.
   */
  @Override
  public CompletableFuture<Void> expunge() {
    return unlessRefused("could not be purged", expunger::expunge);
  }

  /**
   * {@inheritDoc} What other processes have removed since this one opened the index is not known: they purge it
   * themselves.
   */
  @Override
  public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    return unlessRefused("could not be checked for removed documents",
        () -> CompletableFuture.completedFuture(expunger.holdsRemoved(memories)));
  }

  @Override
  public IndexSummary summary() {
    try {
      return unlessRefused("could not be read", () -> gate.ownWrites().thenCompose(seen -> states())
          .thenApply(
              now -> new IndexSummary(identity.model(), identity.dimension(), identity.vectors(), now.documents(),
                  now.segments(), now.bytes(), null)))
          .join();
    } catch (CompletionException e) {
      throw failures.general("could not be read", e);
    }
  }

  @Override
  public @Nullable StoreException failure() {
    StoreException known = failure;
    return known == null ? null : known.copy();
  }

  /**
   * Refuses new writes, and waits at most half a minute for those that were accepted. What the cluster has applied is
   * durable. Then it has the cluster refresh the index, so that other processes find all that at once; if the cluster does
   * not answer, they find it within the refresh interval. A second call does nothing.
   *
   * @throws StoreException if they have not ended by then; the index is closed nevertheless
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    boolean ended = order.close(closingPatience.toNanos());
    if (ended) {
      showOwnWrites();
    }
    release();
    if (!ended) {
      throw failures.late("did not end all accepted writes before it was closed", closingPatience);
    }
  }

  /** Lets a process that begins now find what this one has written, such as the next command. */
  private void showOwnWrites() {
    try {
      gate.ownWrites().get(closingPatience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // No failure of closing: all writes are durable, and the cluster refreshes in its interval too.
      return;
    }
  }

  private void release() {
    client.close();
    alarms.shutdownNow();
  }

  private CompletableFuture<?> refresh() {
    return client.ask(Request.post("could not be refreshed", "/" + name + "/_refresh", null), readPatience)
        .thenAccept(answer -> Hits.whole(answer, failures, "could not be refreshed"));
  }

  /** Reads what the cluster says of the shards, and notices if the index is another one than before. */
  private CompletableFuture<ShardStates> states() {
    return client.ask(Request.get("could not be read", "/" + name + ShardStates.PATH), readPatience)
        .thenCompose(answer -> {
          ShardStates now = ShardStates.read(answer, failures);
          if (now.uuid().equals(opened.uuid())) {
            return CompletableFuture.completedFuture(now.requireAll(opened.shards(), failures));
          }
          return opening.open().thenApply(again -> {
            opened = again;
            return now.requireAll(again.shards(), failures);
          });
        });
  }

  private @Nullable StoreException refusal() {
    return closing.get() ? failures.closed() : failure();
  }

  private <T extends @Nullable Object> CompletableFuture<T> unlessRefused(String what,
      Supplier<CompletableFuture<T>> work) {
    StoreException refusal = refusal();
    if (refusal != null) {
      return CompletableFuture.failedFuture(refusal);
    }
    return work.get().exceptionallyCompose(failed -> {
      Throwable cause = failed instanceof CompletionException && failed.getCause() != null ? failed.getCause() : failed;
      if (cause instanceof IncompatibleIndexException incompatible) {
        failure = incompatible;
      }
      learnGone(cause);
      // Waiters of one refresh share its failure, so each gets a copy.
      return CompletableFuture.failedFuture(
          cause instanceof MemlaneException known ? known.copy() : failures.general(what, cause));
    });
  }

  private void learnGone(Throwable cause) {
    if (cause instanceof RefusedException refused && refused.type().equals("index_not_found_exception")) {
      learn(cause);
    }
  }

  private @Nullable String mismatch(Embedding embedding) {
    return embedding.model().equals(identity.model()) && embedding.dimension() == identity.dimension()
        ? null
        : "was made by " + embedding.model() + " (" + embedding.dimension() + " dimensions), but the index \"" + name
            + "\" on OpenSearch holds vectors of " + identity.model() + " (" + identity.dimension()
            + " dimensions): use that model, or run `memlane reindex` to change it";
  }

  /** The index's name and the hosts; never who asks them. */
  @Override
  public String toString() {
    return "OpenSearchIndex[" + name + "]";
  }
}
