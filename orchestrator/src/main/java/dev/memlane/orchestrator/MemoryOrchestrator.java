package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Long-term memory: stores what an agent learns in three stores at once, and finds it again.
 *
 * <p>
 * <b>Writes.</b> Each ends in one {@link WriteOutcome}. A write that is acknowledged is in core, index and history; one
 * that is reported as rolled back is in none of them. The methods for one memory fail with a
 * {@link MemoryWriteException} that carries the outcome, unless it is what the caller asked for; an add under a key that
 * is taken completes with the memory that is there. A write costs no more than its deadline (10 s by default) after its
 * text has been embedded.
 *
 * <p>
 * <b>Reads</b> come from core. A search finds what this process has been acknowledged before it.
 *
 * <p>
 * <b>Threads.</b> Safe for use by many at once. Nothing here blocks its caller, but that a write waits while 10,000 others
 * are under way and while the commit queue is full, each no longer than its deadline; {@link #blocking} waits for the
 * results. What is chained to a returned future runs on a virtual thread of its own and may block. Cancelling a future, or
 * completing it by a time-out, ends the waiting, not the work: a write, or a batch of them, goes on to its end.
 */
public final class MemoryOrchestrator implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger(MemoryOrchestrator.class.getName());
  /** How many items of a batch are under way at once: enough to fill every queue below, and bounded. */
  private static final int WINDOW = 1_000;
  /** How many entries of a history are told at once; longer ones are read in pages. */
  public static final int LONGEST_HISTORY = 10_000;
  /** The longest page of {@link #list}. */
  public static final int LONGEST_PAGE = 10_000;
  /** The longest page of {@link #exportPage}. */
  public static final int LONGEST_EXPORT_PAGE = 1_000;

  private final ReopeningIndex index;
  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;
  private final Admission admission;
  private final AddHandler addHandler;
  private final ChangeHandler changeHandler;
  private final EraseHandler eraseHandler;
  private final Expunger expunger;
  private final SearchHandler searchHandler;
  private final ExportHandler exportHandler;
  private final ImportHandler importHandler;
  private final Verifier verifier;
  private final InDoubtResolver inDoubtResolver;
  private final Settler settler;
  private final BackgroundFollower backgroundFollower;
  private final IndexFollower follower;
  private final Sweeper sweeper;
  private final @Nullable ChangePoller poller;
  private final Duration patience;
  private final Runnable release;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param opener opens the index again after a failure
   * @param release lets go of what was opened for this orchestrator, after its stores have been closed
   */
  MemoryOrchestrator(OpenedStores opened, IndexOpener opener, Environment environment, BatchingEmbedder embedder,
      Settings settings, Runnable release) {
    this(opened, opener, environment, embedder, settings, UnaryOperator.identity(), release);
  }

  /**
   * @param followerLocks makes the follower's locks from those of the writes: the same locks, except in the test that shows
   * what breaks without that
   */
  MemoryOrchestrator(OpenedStores opened, IndexOpener opener, Environment environment, BatchingEmbedder embedder,
      Settings settings, UnaryOperator<MemoryLocks> followerLocks, Runnable release) {
    this.index = new ReopeningIndex(opened.index(), opener, environment);
    this.stores = new Stores(opened.units(), opened.core(), opened.history(), index);
    this.environment = environment;
    this.embedder = embedder;
    this.patience = settings.writeDeadline();
    this.release = release;
    MemoryLocks locks = new MemoryLocks(environment);
    this.inDoubtResolver = new InDoubtResolver(stores, environment);
    this.follower = new IndexFollower(stores, environment, followerLocks.apply(locks), embedder);
    this.expunger = new Expunger(stores, environment, embedder);
    index.compareBy(() -> compare(Progress.NONE));
    this.settler = new Settler(inDoubtResolver, follower, environment);
    this.backgroundFollower = new BackgroundFollower(follower, environment);
    follower.followInBackgroundBy(backgroundFollower::follow);
    this.poller = settings.followEvery().isZero()
        ? null
        : new ChangePoller(stores, environment, follower, expunger, settings.followEvery());
    Rollback rollback = new Rollback(stores, environment, inDoubtResolver, backgroundFollower);
    WriteProtocol protocol = new WriteProtocol(stores, environment, new ParallelWrite(stores, environment), inDoubtResolver,
        rollback, settler, follower, backgroundFollower);
    this.admission = new Admission(settings.mostInFlight(), settings.mostUnsettled(), patience, settler);
    this.addHandler = new AddHandler(stores, environment, locks, protocol, embedder, settings.unique(), patience);
    this.changeHandler = new ChangeHandler(stores, environment, locks, protocol, embedder, settings.unique(), patience);
    this.eraseHandler = new EraseHandler(stores, environment, locks, deletion -> write(() -> changeHandler.delete(deletion)),
        expunger,
        patience);
    this.searchHandler = new SearchHandler(stores, environment, embedder);
    this.exportHandler = new ExportHandler(stores, environment);
    this.importHandler = new ImportHandler(stores, environment, protocol, inDoubtResolver, follower, backgroundFollower, patience);
    this.verifier = new Verifier(stores, environment, locks, follower, backgroundFollower, exportHandler);
    this.sweeper = new Sweeper(stores, environment, settings.retention(), settings.expiredGrace(),
        deletion -> write(() -> changeHandler.delete(deletion)));
  }

  /**
   * What can be set.
   *
   * @param followEvery how often to look what other processes have written; zero if there are none
   * @param retention how long tombstones and void rows are kept
   * @param expiredGrace how long a memory is kept after it has expired
   * @param unique which scopes hold each content once
   */
  record Settings(Duration writeDeadline, int mostInFlight, int mostUnsettled, Duration followEvery,
      Duration retention, Duration expiredGrace, Predicate<Scope> unique) {}

  /** Begins to open one. */
  public static OrchestratorBuilder builder() {
    return new OrchestratorBuilder();
  }

  /** Makes the index agree with core, and keeps it so: what opening does before anything else. */
  CompletableFuture<Long> start(Progress progress) {
    sweeper.start();
    ChangePoller following = poller;
    if (following == null) {
      return compare(progress);
    }
    return following.begin(progress).thenApply(differing -> {
      following.start();
      return differing;
    });
  }

  private CompletableFuture<Long> compare(Progress progress) {
    return follower.compare(progress).thenApply(differing -> {
      expunger.checkFilesInBackground();
      return differing;
    });
  }

  /**
   * Stores a memory. The write begins in the calling thread, which may have to wait: while too many others are under way,
   * and while the commit queue is full, each no longer than the write's deadline. So who writes faster than the stores is
   * slowed down.
   *
   * @return the memory as it is stored, or as it was stored before under this key; fails with a
   * {@link MemoryWriteException}
   */
  public CompletableFuture<Memory> addMemory(NewMemory memory) {
    return add(memory).thenApply(outcome -> switch (outcome) {
      case WriteOutcome.Stored stored -> stored.memory();
      case WriteOutcome.DuplicateOf duplicate -> duplicate.memory();
      default -> throw failure(outcome);
    });
  }

  /**
   * Stores a memory as {@link #addMemory} does, and says what became of it: {@link WriteOutcome.Stored}, or
   * {@link WriteOutcome.DuplicateOf} where it was there before, or why it was not stored.
   *
   * @return the outcome, whichever it is; does not fail for what became of the memory
   */
  public CompletableFuture<WriteOutcome> add(NewMemory memory) {
    AddHandler.Accepted accepted = addHandler.accept(memory);
    return write(() -> addHandler.add(accepted));
  }

  /**
   * Stores many memories. Each has an outcome of its own; one that fails disturbs no other. All are accepted before the
   * first is stored, in the order of the list: that is their order in a {@linkplain #listByTime list by time} and in their
   * runs, unless they say when what they tell of happened.
   *
   * @return the outcomes, in the order of the memories; does not fail for an item
   */
  public CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories) {
    List<AddHandler.Accepted> accepted = memories.stream().map(addHandler::accept).toList();
    return handOut(BoundedParallel.run(accepted, WINDOW, each -> write(() -> addHandler.add(each)), environment));
  }

  /**
   * Changes a memory.
   *
   * @return the memory as it is now; fails with a {@link MemoryWriteException}
   */
  public CompletableFuture<Memory> updateMemory(MemoryUpdate update) {
    return write(() -> changeHandler.update(update)).thenApply(outcome -> {
      if (outcome instanceof WriteOutcome.Stored stored) {
        return stored.memory();
      }
      throw failure(outcome);
    });
  }

  /**
   * Deletes a memory; its history stays, unless the deletion {@linkplain MemoryDeletion#purgingHistory() purges it}: see
   * {@link #deleteAll(Scope, Filter, boolean)} for what that means. A memory that was deleted before is purged as well, if
   * no state of it is expected.
   *
   * @return fails with a {@link MemoryWriteException}, also if there is none; with a {@link StoreException} if the memory
   * is purged and the index's files have not let it go
   */
  public CompletableFuture<WriteOutcome.Deleted> deleteMemory(MemoryDeletion deletion) {
    CompletableFuture<WriteOutcome> ended = deletion.purgesHistory()
        ? read(() -> eraseHandler.erase(deletion))
        : write(() -> changeHandler.delete(deletion));
    return ended.thenApply(outcome -> {
      if (outcome instanceof WriteOutcome.Deleted deleted) {
        return deleted;
      }
      throw failure(outcome);
    });
  }

  /** The same as {@link #deleteAll(Scope, Filter, boolean)}; histories stay. */
  public CompletableFuture<DeleteReport> deleteAll(Scope scope, @Nullable Filter filter) {
    return deleteAll(scope, filter, false);
  }

  /**
   * Deletes all memories of a scope that pass a filter, expired ones too, in pages and in order of id. It is many deletes,
   * not one: what is stored meanwhile may stay, and after a failure it can simply be called again.
   *
   * <p>
   * <b>With the histories purged</b>, no store holds the content afterwards: neither core, nor the history, nor this
   * process's index with all its files, nor the cache of embeddings. There remain the memories' ids, their scopes, and when
   * they were erased, until the retention time. Without a filter this takes along what had been deleted in the scope
   * before; with one it can't, because a deleted memory has no metadata any more. Other processes on the database let go
   * within seconds of learning of it, or when they are opened next. Called again after a crash, it goes on where it
   * stopped, but not for memories that were chosen by a filter and were deleted and not purged yet.
   *
   * <p>
   * Not covered: what callers store anew meanwhile or later, be it by a retry; what PostgreSQL keeps of old row versions
   * until it vacuums, of its log and in backups; and an operation answered as unsettled before, of which
   * {@link #hasLanded} says afterwards that it has not landed, unless it was the delete.
   *
   * @param filter null for all of the scope
   * @param purgeHistory whether what is known of the memories goes as well
   * @return fails with a {@link StoreException} if core can't be read, or if the memories are purged and the index's files
   * have not let them go; that may take minutes for a large index
   */
  public CompletableFuture<DeleteReport> deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    return read(() -> purgeHistory ? eraseHandler.eraseAll(scope, filter) : eraseHandler.deleteAll(scope, filter));
  }

  /** The memory with this id, if it is there and has not expired. */
  public CompletableFuture<Optional<Memory>> get(MemoryId id) {
    return get(id, Expired.LEFT_OUT);
  }

  /** The memory with this id, if it is there. */
  public CompletableFuture<Optional<Memory>> get(MemoryId id, Expired expired) {
    return read(() -> stores.core().find(List.of(id), List.of(), null, expired.unexpiredAt(environment.now()))
        .thenApply(found -> Optional.ofNullable(found.get(id))));
  }

  /** Lists memories that have not expired, in order of id; see {@link #list(Scope, Filter, MemoryId, int, Expired)}. */
  public CompletableFuture<Page> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit) {
    return list(scope, filter, after, limit, Expired.LEFT_OUT);
  }

  /**
   * Lists memories in order of id.
   *
   * @param scope null for all scopes
   * @param after where the page begins: {@link Page#next} of the one before, or null for the first
   * @param limit how many at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<Page> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit, Expired expired) {
    return checkedPage(limit, () -> stores.core()
        .list(scope, filter, after, limit + 1, expired.unexpiredAt(environment.now())).thenApply(memories -> {
          boolean more = memories.size() > limit;
          List<Memory> page = more ? memories.subList(0, limit) : memories;
          return new Page(page, more ? page.getLast().id() : null);
        }));
  }

  /**
   * Lists memories that have not expired, in order of time; see
   * {@link #listByTime(Scope, Filter, TimeOrder, TimePosition, int, Expired)}.
   */
  public CompletableFuture<TimePage> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit) {
    return listByTime(scope, filter, order, after, limit, Expired.LEFT_OUT);
  }

  /**
   * Lists memories in order of time: of when what they tell of happened, or else of when they were accepted. Those of the
   * same time are in the order in which they were accepted.
   *
   * @param scope null for all scopes
   * @param after where the page begins: {@link TimePage#next} of the one before, or null for the first
   * @param limit how many at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<TimePage> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    return checkedPage(limit, () -> stores.core()
        .listByTime(scope, filter, order, after, limit + 1, expired.unexpiredAt(environment.now()))
        .thenApply(memories -> {
          boolean more = memories.size() > limit;
          List<Memory> page = more ? memories.subList(0, limit) : memories;
          return new TimePage(page, more ? TimePosition.of(page.getLast()) : null);
        }));
  }

  private <T> CompletableFuture<T> checkedPage(int limit, Supplier<CompletableFuture<T>> list) {
    return limit < 1 || limit > LONGEST_PAGE
        ? CompletableFuture.failedFuture(
            new InvalidInputException("the page's length is " + limit + "; it must be 1 to " + LONGEST_PAGE))
        : read(list);
  }

  /** Counts memories that have not expired; see {@link #list}. */
  public CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter) {
    return count(scope, filter, Expired.LEFT_OUT);
  }

  /** Counts memories; see {@link #list}. */
  public CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return read(() -> stores.core().count(scope, filter, expired.unexpiredAt(environment.now())));
  }

  /** Finds memories, best first. */
  public CompletableFuture<List<SearchHit>> search(SearchRequest request) {
    return read(() -> searchHandler.search(request));
  }

  /**
   * Asks what became of an operation that was answered as {@link WriteOutcome.Unsettled}, here or in another process.
   * Before it looks it stops whatever is still on its way to the memory, so the answer stays true.
   *
   * @return true if it landed: the memory was stored or deleted by it. False if it never will, and a retry is safe.
   * Fails with a {@link StoreException} if the database can't be reached within the deadline of a write
   */
  public CompletableFuture<Boolean> hasLanded(MemoryId memory, OperationId op) {
    return read(() -> inDoubtResolver.ask(memory, op, environment.now().plus(patience)).thenApply(answer -> switch (answer) {
      case StoreResult.Applied applied -> true;
      case StoreResult.NotApplied notApplied -> false;
      case StoreResult.InDoubt inDoubt -> throw new StoreException(
          "it can't be found out now what became of operation " + op + "; ask again when the database answers",
          inDoubt.cause());
    }));
  }

  /**
   * What has happened to a memory, all of it and oldest first; empty if nothing is known of it.
   *
   * @return fails with an {@link InvalidInputException} if there are more than {@value #LONGEST_HISTORY} entries: then
   * {@link #history(MemoryId, Integer, int)} reads them in pages
   */
  public CompletableFuture<List<HistoryEntry>> history(MemoryId id) {
    return read(() -> stores.history().entries(id, 0, LONGEST_HISTORY + 1).thenApply(entries -> {
      if (entries.size() > LONGEST_HISTORY) {
        throw new InvalidInputException("memory " + id + " has changed more than " + LONGEST_HISTORY
            + " times; read its history in pages");
      }
      return entries;
    }));
  }

  /**
   * What has happened to a memory, newest first; empty if nothing is known of it.
   *
   * @param before where the page begins: {@link HistoryPage#next} of the one before, or null for the first
   * @param limit how many entries at most, 1 to {@value #LONGEST_HISTORY}
   */
  public CompletableFuture<HistoryPage> history(MemoryId id, @Nullable Integer before, int limit) {
    if (limit < 1 || limit > LONGEST_HISTORY) {
      return CompletableFuture.failedFuture(
          new InvalidInputException("the page's length is " + limit + "; it must be 1 to " + LONGEST_HISTORY));
    }
    return read(() -> stores.history().newest(id, before, limit + 1).thenApply(entries -> {
      boolean more = entries.size() > limit;
      List<HistoryEntry> page = more ? entries.subList(0, limit) : entries;
      return new HistoryPage(page, more ? page.getLast().version() : null);
    }));
  }

  /**
   * Reads memories with their histories, in order of id: live ones, expired or not, and those that were deleted. Writes
   * may go on; each memory is as it was at some moment.
   *
   * @param scope null for all scopes
   * @param after where the page begins: {@link ArchivePage#next} of the one before, or null for the first
   * @param limit how many at most, 1 to {@value #LONGEST_EXPORT_PAGE}; a page may have fewer
   * @param vectors whether the vectors come along; without them the texts are embedded again when they are imported
   */
  public CompletableFuture<ArchivePage> exportPage(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    if (limit < 1 || limit > LONGEST_EXPORT_PAGE) {
      return CompletableFuture.failedFuture(
          new InvalidInputException("the page's length is " + limit + "; it must be 1 to " + LONGEST_EXPORT_PAGE));
    }
    return read(() -> exportHandler.page(scope, after, limit, vectors));
  }

  /**
   * Brings memories back that were exported, as they were: ids, versions, operations, times, keys and histories, those that
   * were deleted included. A memory comes back only where there is none; nothing that is there is changed. Importing
   * again goes on where it ended. Vectors by another model than this one's are made again. A memory that contradicts itself,
   * because it was edited since it was exported, is refused.
   *
   * @return the outcomes, in the order of the memories; does not fail for an item
   */
  public CompletableFuture<List<ImportOutcome>> importMemories(List<ArchivedMemory> memories) {
    return importMemories(memories, Edits.REFUSED);
  }

  /**
   * See {@link #importMemories(List)}.
   *
   * @param edits what becomes of a memory that contradicts itself
   */
  public CompletableFuture<List<ImportOutcome>> importMemories(List<ArchivedMemory> memories, Edits edits) {
    List<ArchivedMemory> items = List.copyOf(memories);
    return handOut(admission.admit(
        () -> importHandler.restore(items, edits).whenCompleteAsync(MemoryOrchestrator::moveOn, environment.executor()),
        reason -> items.stream()
            .<ImportOutcome>map(item -> new ImportOutcome.Failed(item.id(), new StoreException(reason, null)))
            .toList()));
  }

  /**
   * Compares the three stores, while others may write: which memories they hold in which state, and whether the content,
   * metadata and vector of each are those that its history ends with. What differs is read again under the memory's turn before
   * it is reported.
   *
   * @param repair whether to make the index agree with core first
   */
  public CompletableFuture<VerifyReport> verify(boolean repair) {
    return read(() -> verifier.verify(repair));
  }

  /**
   * Deletes memories that have expired, with the actor "memlane: expired"; lets go of tombstones, with their
   * memories' histories, and of what was left by writes that were rolled back, all older than the retention time. This is
   * done every hour in any case.
   *
   * @return how many were deleted and how many went, together
   */
  public CompletableFuture<Long> sweep() {
    return read(sweeper::sweep);
  }

  /** What the embedder has done since opening; asks no store. */
  public EmbeddingStats embeddingStatistics() {
    return embedder.stats();
  }

  /** What the stores hold and what is going on; also while the index can't be read, of which it says why. */
  public CompletableFuture<Statistics> statistics() {
    return read(() -> count(null, null)
        .thenCombine(stores.history().count(null), (memories, entries) -> new long[]{memories, entries})
        .thenCombine(stores.core().bytes().thenCombine(stores.history().bytes(), (core, log) -> new long[]{core, log}),
            (counts, bytes) -> statistics(counts[0], counts[1], bytes[0], bytes[1])));
  }

  private Statistics statistics(long memories, long entries, long coreBytes, long historyBytes) {
    IndexSummary summary = null;
    String problem = null;
    try {
      summary = stores.index().summary();
    } catch (StoreException e) {
      // Nobody needs the rest more than who looks why the index can't be read.
      problem = e.getMessage();
    }
    return new Statistics(memories, entries, coreBytes, historyBytes, summary, problem, embeddingStatistics(),
        admission.inFlight(), settler.operations(), unindexed(), background());
  }

  /** What {@link Statistics#background} tells; asks no store. */
  List<BackgroundWork> background() {
    Stream<BackgroundWork> own = Stream.of(settler.status(), backgroundFollower.status(), index.status(), expunger.status(),
        sweeper.status());
    ChangePoller following = poller;
    return (following == null ? own : Stream.concat(Stream.of(following.status()), own)).toList();
  }

  /** What {@link Statistics#unindexed} tells; asks no store. */
  List<Unindexed> unindexed() {
    return backgroundFollower.unindexed();
  }

  /**
   * Completes when nothing is left to be settled or followed behind; see {@link Statistics#unsettled} and
   * {@link Statistics#unindexed}. A text that the embedder refuses for good never is, so a wait should have a bound.
   *
   * @return fails with a {@link StoreException} if this is closed before
   */
  public CompletableFuture<Void> awaitSettled() {
    return handOut(settler.settled().thenCompose(settled -> {
      CompletableFuture<Void> followed = backgroundFollower.followed();
      return followed.isDone() ? followed : followed.thenCompose(again -> awaitSettled());
    }));
  }

  /** The same calls, which wait and return the values themselves. */
  public BlockingMemory blocking() {
    return new BlockingMemory(this);
  }

  private CompletableFuture<WriteOutcome> write(Supplier<CompletableFuture<WriteOutcome>> begin) {
    // Outcomes come on threads that may be blocked, and failures are taken to one: what callers chain runs there.
    return handOut(admission.admit(() -> CompletableFuture.completedFuture(begin).thenCompose(Supplier::get)
        .exceptionallyAsync(MemoryOrchestrator::refused, environment.executor()),
        reason -> new WriteOutcome.Refused(reason, null)));
  }

  /**
   * What every caller gets: a future of its own. The caller may cancel it, complete it or let it time out, and what works on the
   * result, and whoever else waits for it, is not touched.
   */
  private static <T> CompletableFuture<T> handOut(CompletableFuture<T> internal) {
    return internal.copy();
  }

  /** Does nothing, on the executor: what callers chain after it is off the stores' threads, which it could block. */
  private static void moveOn(@Nullable Object result, @Nullable Throwable failure) {}

  /** A write that failed before its fan-out. */
  private static WriteOutcome refused(Throwable failure) {
    Throwable cause = Futures.unwrap(failure);
    if (cause instanceof EmbeddingException) {
      return new WriteOutcome.Refused("the text could not be embedded: " + cause.getMessage(), cause);
    }
    return new WriteOutcome.Refused(
        cause instanceof MemlaneException ? String.valueOf(cause.getMessage()) : "an unexpected failure: " + cause,
        cause);
  }

  private static MemoryWriteException failure(WriteOutcome outcome) {
    Throwable cause = switch (outcome) {
      case WriteOutcome.RolledBack rolledBack -> rolledBack.cause();
      case WriteOutcome.Unsettled unsettled -> unsettled.cause();
      case WriteOutcome.Refused refused -> refused.cause();
      case WriteOutcome.Unpurged unpurged -> unpurged.cause();
      default -> null;
    };
    return new MemoryWriteException(outcome, cause);
  }

  private <T> CompletableFuture<T> read(Supplier<CompletableFuture<T>> begin) {
    if (closed.get()) {
      return CompletableFuture.failedFuture(
          new StoreException("the memory is closed; open it again", null));
    }
    return handOut(begin.get().whenCompleteAsync(MemoryOrchestrator::moveOn, environment.executor()));
  }

  /**
   * Refuses new writes, waits for those under way and for what is being settled, within the deadline of a write, and
   * closes the stores. What is not settled by then is found by the comparison at the next opening. Closing again does
   * nothing.
   */
  @Override
  public void close() {
    end(index::close);
  }

  /** Ends what a failed opening has begun, and closes what it has opened; what it was given stays open. */
  void abandon() {
    end(index::abandon);
  }

  private void end(Runnable closeIndex) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      admission.close().thenCompose(ignored -> settler.settled()).get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException | ExecutionException e) {
      LOGGER.log(System.Logger.Level.WARNING,
          "closed with {0} writes under way and {1} unsettled; the next opening finds out what became of them",
          admission.inFlight(), settler.unsettled());
    }
    settler.close();
    backgroundFollower.close();
    sweeper.close();
    expunger.close();
    if (poller != null) {
      awaitEnd(poller.close());
    }
    try {
      closeIndex.run();
    } finally {
      release.run();
    }
  }

  /** Waits for a look at what others write, no longer than a write may take. */
  private void awaitEnd(CompletableFuture<Void> look) {
    try {
      look.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException | ExecutionException e) {
      // It only reads the database and mends the index, which the next opening compares.
      LOGGER.log(System.Logger.Level.DEBUG, "closed while the index was following", e);
    }
  }

  @Override
  public String toString() {
    return "MemoryOrchestrator[" + stores.core() + ", " + stores.index() + "]";
  }
}
