package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.OpenedStores;
import dev.memlane.orchestrator.internal.RetryLoop;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.archive.ChangesHandler;
import dev.memlane.orchestrator.internal.archive.ExportHandler;
import dev.memlane.orchestrator.internal.archive.ImportHandler;
import dev.memlane.orchestrator.internal.archive.PastHandler;
import dev.memlane.orchestrator.internal.archive.Verifier;
import dev.memlane.orchestrator.internal.conversation.ConversationHandler;
import dev.memlane.orchestrator.internal.follow.BackgroundFollower;
import dev.memlane.orchestrator.internal.follow.BatchFollower;
import dev.memlane.orchestrator.internal.follow.ChangePoller;
import dev.memlane.orchestrator.internal.follow.CheckpointRecorder;
import dev.memlane.orchestrator.internal.follow.Expunger;
import dev.memlane.orchestrator.internal.follow.IndexCatchUp;
import dev.memlane.orchestrator.internal.follow.IndexComparison;
import dev.memlane.orchestrator.internal.follow.IndexFollower;
import dev.memlane.orchestrator.internal.follow.IndexOpener;
import dev.memlane.orchestrator.internal.follow.LogFollower;
import dev.memlane.orchestrator.internal.follow.OwnChanges;
import dev.memlane.orchestrator.internal.follow.ReopeningIndex;
import dev.memlane.orchestrator.internal.follow.SharedIndexKeeper;
import dev.memlane.orchestrator.internal.search.SearchHandler;
import dev.memlane.orchestrator.internal.write.AddHandler;
import dev.memlane.orchestrator.internal.write.Admission;
import dev.memlane.orchestrator.internal.write.ChangeHandler;
import dev.memlane.orchestrator.internal.write.EraseHandler;
import dev.memlane.orchestrator.internal.write.InDoubtResolver;
import dev.memlane.orchestrator.internal.write.MemoryIntake;
import dev.memlane.orchestrator.internal.write.PutHandler;
import dev.memlane.orchestrator.internal.write.Settler;
import dev.memlane.orchestrator.internal.write.Sweeper;
import dev.memlane.orchestrator.internal.write.WriteProtocol;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The parts behind a {@link MemoryOrchestrator}, wired together, and their life cycle.
 *
 * <p>
 * The life cycle is: construct, {@link #start}, then {@link #close}, or {@link #abandon} if opening fails. Starting makes the
 * index agree with core and begins the work in the background. Closing refuses new writes, waits for those under way and for
 * what is being settled, ends the work in the background, and closes the index and the other resources. Safe for use by
 * several threads.
 */
final class Engine {

  private static final System.Logger LOGGER = System.getLogger(Engine.class.getName());

  /** The earliest time after opening for a comparison of everything in the background. */
  private static final Duration FIRST_RECHECK = Duration.ofMinutes(10);
  private static final Duration BETWEEN_RECHECKS = Duration.ofDays(1);

  // What calls use.
  final Stores stores;
  final Environment environment;
  final BatchingEmbedder embedder;
  final Admission admission;
  final MemoryIntake intake;
  final AddHandler addHandler;
  final PutHandler putHandler;
  final ChangeHandler changeHandler;
  final EraseHandler eraseHandler;
  final SearchHandler searchHandler;
  final ConversationHandler conversationHandler;
  final ExportHandler exportHandler;
  final ImportHandler importHandler;
  final PastHandler pastHandler;
  final ChangesHandler changesHandler;
  final Verifier verifier;
  final InDoubtResolver inDoubtResolver;
  final Settler settler;
  final BackgroundFollower backgroundFollower;
  final Sweeper sweeper;
  /** How long a write may take after its text has been embedded. */
  final Duration patience;

  // What only the life cycle uses.
  private final ReopeningIndex index;
  private final IndexFollower follower;
  private final BatchFollower batchFollower;
  private final IndexComparison comparison;
  private final Expunger expunger;
  private final ChangePoller poller;
  /** Whether other processes write to the database, so that the poller polls at intervals. */
  private final boolean following;
  private final CheckpointRecorder checkpoints;
  private final IndexCatchUp catchUp;
  /** Keeps an index that other processes share; null if the index belongs to this process. */
  private final @Nullable SharedIndexKeeper keeper;
  private final RetryLoop recheck;
  private final Locale language;
  private final Runnable release;
  private final AtomicBoolean closed = new AtomicBoolean();
  /** Whether it was started without an index; set before the first call. */
  private volatile boolean detached;

  /**
   * The settings of an orchestrator.
   *
   * @param writeDeadline how long a write may take after its text has been embedded
   * @param mostInFlight how many writes may be under way
   * @param mostUnsettled how many writes may be unsettled
   * @param followEvery the interval between two polls for the writes of other processes; zero if there are none
   * @param retention how long tombstones and void rows are kept
   * @param expiredGrace how long a memory is kept after it has expired
   * @param unique the scopes that hold each content once
   * @param language the language in which questions are asked
   */
  record Settings(Duration writeDeadline, int mostInFlight, int mostUnsettled, Duration followEvery,
      Duration retention, Duration expiredGrace, Predicate<Scope> unique, Locale language) {

    /** Settings for questions in English. */
    Settings(Duration writeDeadline, int mostInFlight, int mostUnsettled, Duration followEvery, Duration retention,
        Duration expiredGrace, Predicate<Scope> unique) {
      this(writeDeadline, mostInFlight, mostUnsettled, followEvery, retention, expiredGrace, unique, Locale.ENGLISH);
    }
  }

  /**
   * @param opener reopens the index after a failure
   * @param release closes what was opened for this orchestrator, after its stores have been closed
   */
  Engine(OpenedStores opened, IndexOpener opener, Environment environment, BatchingEmbedder embedder, Settings settings,
      Runnable release) {
    this(opened, opener, environment, embedder, settings, UnaryOperator.identity(), release);
  }

  /**
   * @param followerLocks makes the followers' locks from those of the writes: the same locks, except in the test that shows
   * what breaks without that
   */
  Engine(OpenedStores opened, IndexOpener opener, Environment environment, BatchingEmbedder embedder, Settings settings,
      UnaryOperator<MemoryLocks> followerLocks, Runnable release) {
    this.environment = environment;
    this.embedder = embedder;
    this.patience = settings.writeDeadline();
    this.language = settings.language();
    this.release = release;
    this.index = new ReopeningIndex(opened.index(), opener, environment);
    this.stores = new Stores(opened.units(), opened.core(), opened.history(), index);
    MemoryLocks locks = new MemoryLocks(environment);

    MemoryLocks locksToFollow = followerLocks.apply(locks);
    this.follower = new IndexFollower(stores, environment, locksToFollow, embedder);
    this.backgroundFollower = follower.background();
    OwnChanges ownChanges = new OwnChanges();
    this.batchFollower = new BatchFollower(stores, environment, locksToFollow, follower);
    this.comparison = new IndexComparison(stores, environment, locksToFollow, batchFollower, backgroundFollower);
    this.expunger = new Expunger(stores, environment, embedder);
    index.setComparison(() -> catchUp(Progress.NONE));
    this.following = !settings.followEvery().isZero();
    this.poller = new ChangePoller(stores, environment, this::compare, batchFollower, expunger, ownChanges,
        settings.followEvery());
    this.recheck = new RetryLoop("comparing the index with the database", environment);

    this.inDoubtResolver = new InDoubtResolver(stores, environment);
    this.settler = new Settler(inDoubtResolver, follower, environment);
    this.checkpoints = new CheckpointRecorder(stores, environment, locks, this::queued, poller::followNow);
    this.catchUp = new IndexCatchUp(stores, environment, comparison, batchFollower, backgroundFollower, checkpoints,
        settings.retention());
    this.keeper = index.shared() == null
        ? null
        : new SharedIndexKeeper(stores, environment, locksToFollow, comparison, batchFollower,
            backgroundFollower, expunger, embedder.vectorName(), settings.retention(),
            following ? settings.followEvery() : OrchestratorBuilder.KEEP_EVERY);
    this.admission = new Admission(settings.mostInFlight(), settings.mostUnsettled(), patience, settler,
        environment.executor());
    WriteProtocol protocol = new WriteProtocol(stores, environment, inDoubtResolver, settler, follower,
        ownChanges);
    this.intake = new MemoryIntake(environment, embedder, settings.unique());
    this.addHandler = new AddHandler(stores, environment, locks, protocol, intake, patience);
    this.putHandler = new PutHandler(stores, environment, locks, protocol, intake, patience);
    this.changeHandler = new ChangeHandler(stores, environment, locks, protocol, embedder, settings.unique(), patience);
    this.conversationHandler = new ConversationHandler(opened.conversations(), environment, admission, patience);
    this.eraseHandler = new EraseHandler(stores, environment, locks,
        (deletion, activity) -> admission.write(() -> changeHandler.delete(deletion, activity)),
        conversationHandler::deleteAll, follower, expunger, patience);
    this.sweeper = new Sweeper(stores, environment, settings.retention(), settings.expiredGrace(),
        deletion -> admission.write(() -> changeHandler.delete(deletion, null)), conversationHandler::sweep);

    this.searchHandler = new SearchHandler(stores, environment, embedder, settings.language());
    this.exportHandler = new ExportHandler(stores, environment);
    this.importHandler = new ImportHandler(stores, environment, protocol, inDoubtResolver, follower, batchFollower,
        patience);
    this.pastHandler = new PastHandler(stores, environment);
    this.changesHandler = new ChangesHandler(stores, environment, settings.retention());
    this.verifier = new Verifier(stores, environment, locks, comparison, backgroundFollower, exportHandler);
  }

  /**
   * Makes the index agree with core, and begins the work in the background.
   *
   * @return how many memories differed
   */
  CompletableFuture<Long> start(Progress progress) {
    sweeper.start();
    SharedIndexKeeper shared = keeper;
    if (shared != null) {
      return shared.open(progress).thenApply(differing -> {
        expunger.checkFilesInBackground();
        shared.start();
        recheck.beginAfter(FIRST_RECHECK, () -> recheck(shared));
        return differing;
      });
    }
    return poller.begin(() -> catchUp(progress)).thenApply(differing -> {
      if (following) {
        poller.start();
      }
      Duration due = Duration.between(environment.now(), checkpoints.comparedAt().plus(BETWEEN_RECHECKS));
      recheck.beginAfter(due.compareTo(FIRST_RECHECK) < 0 ? FIRST_RECHECK : due, this::recheck);
      return differing;
    });
  }

  /**
   * Starts while another engine serves calls.
   *
   * @return a handover that follows everything from before the start on
   */
  CompletableFuture<Handover> startBeside(Progress progress) {
    return LogFollower.fromNow(stores, environment, batchFollower, follower)
        .thenComposeAsync(log -> start(progress).thenApply(differing -> new Handover(this, log)),
            environment.executor());
  }

  /**
   * Begins nothing: neither an index to make agree, nor work that the processes with an index do for all.
   *
   * @return 0
   */
  CompletableFuture<Long> startDetached() {
    detached = true;
    return CompletableFuture.completedFuture(0L);
  }

  private CompletableFuture<Long> catchUp(Progress progress) {
    return catchUp.run(progress).thenApply(differing -> {
      expunger.checkFilesInBackground();
      return differing;
    });
  }

  private CompletableFuture<Long> compare() {
    return comparison.run(Progress.NONE, IndexComparison.Pace.FULL).thenApply(differing -> {
      expunger.checkFilesInBackground();
      return differing;
    });
  }

  /** Compares everything slowly, once a day, so that an error anywhere is found, whatever caused it. */
  private CompletableFuture<RetryLoop.Next> recheck() {
    Instant begun = environment.now();
    return comparison.run(Progress.NONE, IndexComparison.Pace.GENTLE).thenApply(differing -> {
      logMended(differing);
      checkpoints.compared(begun);
      return RetryLoop.Next.after(BETWEEN_RECHECKS);
    });
  }

  private static CompletableFuture<RetryLoop.Next> recheck(SharedIndexKeeper shared) {
    return shared.recheck().thenApply(differing -> {
      logMended(differing);
      return RetryLoop.Next.after(BETWEEN_RECHECKS);
    });
  }

  private static void logMended(long differing) {
    if (differing > 0) {
      LOGGER.log(System.Logger.Level.WARNING, "the daily comparison found and mended {0} memories", differing);
    }
  }

  /** The memories that wait in the background for their index. */
  private Set<MemoryId> queued() {
    Set<MemoryId> queued = new HashSet<>(settler.memories());
    queued.addAll(backgroundFollower.queued());
    return queued;
  }

  /** The language in which questions are asked. */
  Locale language() {
    return language;
  }

  boolean isClosed() {
    return closed.get();
  }

  /** See {@link MemoryOrchestrator#awaitSettled}. */
  CompletableFuture<Void> awaitSettled() {
    return settler.settled().thenCompose(settled -> {
      CompletableFuture<Void> followed = backgroundFollower.followed();
      return followed.isDone() ? followed : followed.thenCompose(again -> awaitSettled());
    });
  }

  /**
   * The status of each kind of work in the background; asks no store.
   *
   * @param more work of others, which comes last
   */
  private List<BackgroundWork> background(List<BackgroundWork> more) {
    return Stream.concat(background().stream(), more.stream()).toList();
  }

  List<BackgroundWork> background() {
    if (detached) {
      return List.of(settler.status());
    }
    Stream<BackgroundWork> always = Stream.of(settler.status(), backgroundFollower.status(), index.status(),
        expunger.status(), sweeper.status(), recheck.status());
    SharedIndexKeeper shared = keeper;
    Stream<BackgroundWork> others = shared != null
        ? Stream.of(shared.status())
        : following ? Stream.of(poller.status()) : Stream.empty();
    return Stream.concat(others, always).toList();
  }

  /**
   * See {@link MemoryOrchestrator#statistics}.
   *
   * @param more work in the background that is not this engine's
   * @param change the change of the model
   */
  CompletableFuture<Statistics> statistics(List<BackgroundWork> more, ModelChange.@Nullable Status change) {
    return stores.core().count(null, null, environment.now())
        .thenCombine(stores.history().count(null), (memories, entries) -> new long[]{memories, entries})
        .thenCombine(stores.core().bytes().thenCombine(stores.history().bytes(), (core, log) -> new long[]{core, log}),
            (counts, bytes) -> statistics(counts[0], counts[1], bytes[0], bytes[1], more, change));
  }

  private Statistics statistics(long memories, long entries, long coreBytes, long historyBytes,
      List<BackgroundWork> more, ModelChange.@Nullable Status change) {
    ReadIndex read = readIndex();
    return new Statistics(memories, entries, coreBytes, historyBytes, read.summary(), read.problem(), embedder.stats(),
        admission.inFlight(), settler.operations(), backgroundFollower.unindexed(), background(more), change);
  }

  /** Either a summary of the index, or the reason why it can't be read. */
  private record ReadIndex(@Nullable IndexSummary summary, @Nullable String problem) {}

  private ReadIndex readIndex() {
    try {
      return new ReadIndex(described(stores.index().summary()), null);
    } catch (StoreException e) {
      // Reported, not thrown: a caller who looks for the reason needs the other figures too.
      return new ReadIndex(null, e.getMessage());
    }
  }

  /** The summary with the model's own name, and with what its vectors lack. */
  private IndexSummary described(IndexSummary index) {
    // An index that was lost is built anew from the vectors that core has, so its format says nothing about them.
    String names = index.model().equals(EmbeddedText.ACTOR_AND_CONTENT.vectors(embedder.model()))
        ? "names are part of its vectors"
        : null;
    String reasons = Stream.of(names, index.outdated()).filter(Objects::nonNull).collect(Collectors.joining(", and "));
    String outdated = reasons.isEmpty() ? null : reasons;
    return new IndexSummary(index.model().equals(embedder.vectorName()) ? embedder.model() : index.model(),
        index.dimension(), index.vectors(), index.documents(), index.segments(), index.bytes(), outdated);
  }

  /**
   * See {@link MemoryOrchestrator#status}. Waits for the index.
   *
   * @param more work in the background that is not this engine's
   * @param change the change of the model
   */
  MemoryStatus status(List<BackgroundWork> more, ModelChange.@Nullable Status change) {
    ReadIndex read = readIndex();
    return new MemoryStatus(admission.inFlight(), admission.waiting(), stores.units().waiting(), settler.unsettled(),
        backgroundFollower.countUnindexed(), lag(), read.summary(),
        read.problem(), embedder.stats(), background(more), change);
  }

  /** How far this process, or the keeper of a shared index, is behind the log; null if there is nothing to follow. */
  private @Nullable Duration lag() {
    if (detached) {
      return null;
    }
    SharedIndexKeeper shared = keeper;
    return shared != null ? shared.lag() : following ? poller.lag() : null;
  }

  /** See {@link MemoryOrchestrator#close}. */
  void close() {
    end(index::close);
  }

  /** Ends what a failed opening has begun, and closes what it has opened. Resources that were given stay open. */
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
    await(checkpoints.close());
    settler.close();
    backgroundFollower.close();
    sweeper.close();
    recheck.close();
    expunger.close();
    await(poller.close());
    SharedIndexKeeper shared = keeper;
    if (shared != null) {
      await(shared.close());
    }
    try {
      closeIndex.run();
    } finally {
      release.run();
    }
  }

  /** Waits for work that only reads the database and writes the index, no longer than a write may take. */
  private void await(CompletableFuture<Void> work) {
    try {
      work.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException | ExecutionException e) {
      // The next opening makes the index agree with core.
      LOGGER.log(System.Logger.Level.DEBUG, "closed while the index was following", e);
    }
  }
}
