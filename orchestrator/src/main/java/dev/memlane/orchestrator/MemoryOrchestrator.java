package dev.memlane.orchestrator;

import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ChangeCursor;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationType;
import dev.memlane.model.store.ConversationStore.WindowEnd;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.archive.PastHandler;
import dev.memlane.orchestrator.internal.prompt.ContextPacker;
import dev.memlane.orchestrator.internal.write.AcceptedMemory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Long-term memory for agents: stores what an agent learns in three stores at once, and finds it again.
 *
 * <p>
 * <b>Writes.</b> Each write ends in one {@link WriteOutcome}. An acknowledged write is in core, index and history; a write
 * that is reported as rolled back is in none of them. The methods for one memory fail with a {@link MemoryWriteException},
 * which carries the outcome, unless the outcome is what the caller asked for. An add under a key that is taken completes with
 * the existing memory. A write takes no longer than its deadline (10 s by default) after its text has been embedded.
 *
 * <p>
 * <b>Reads</b> come from core. A search finds everything that this process has acknowledged before the search begins.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads. Calls do not block, with one exception: a write waits in the calling thread
 * while 10,000 others are under way and while the commit queue is full, each no longer than its deadline. {@link #blocking}
 * offers the same calls in a form that waits for results. Code that is chained to a returned future runs on a virtual thread
 * of its own and may block. Cancelling a future, or completing it by a time-out, ends the waiting and not the work: a write,
 * or a batch of writes, continues to its end.
 */
public final class MemoryOrchestrator implements AutoCloseable {

  /** How many items of a batch are under way at once: enough to fill every queue of the stores, and bounded. */
  private static final int ITEMS_AT_ONCE = 1_000;
  /** What a message costs in a prompt at least, as a rule. */
  private static final int TOKENS_OF_A_MESSAGE = 8;
  private static final int FEWEST_MESSAGES = 32;
  /** The most entries of a history that are returned at once; longer histories are read in pages. */
  public static final int LONGEST_HISTORY = 10_000;
  /** The longest page of {@link #list}. */
  public static final int LONGEST_PAGE = 10_000;
  /** The longest page of {@link #exportPage}. */
  public static final int LONGEST_EXPORT_PAGE = 1_000;

  private final ServingEngine serving;
  /** Null if the memory was not opened by a builder. */
  private final @Nullable ModelChanger changer;
  private final Conversations conversations;
  /** Null if nobody listens. */
  private final @Nullable MemoryListener listener;

  MemoryOrchestrator(Engine engine) {
    this(engine, null, null);
  }

  /**
   * @param settings with which the engine was opened
   */
  MemoryOrchestrator(Engine engine, OrchestratorBuilder settings) {
    this(engine, settings, settings.listeners.isEmpty() ? null : MemoryListener.of(settings.listeners));
  }

  /**
   * @param listener must not throw; null for none
   */
  MemoryOrchestrator(Engine engine, @Nullable OrchestratorBuilder settings, @Nullable MemoryListener listener) {
    this.serving = new ServingEngine(engine);
    this.changer = settings == null ? null : new ModelChanger(serving, settings);
    this.conversations = new Conversations(this);
    this.listener = listener;
  }

  /** Returns a builder, which opens an orchestrator. */
  public static OrchestratorBuilder builder() {
    return new OrchestratorBuilder();
  }

  /**
   * Stores a memory. The write begins in the calling thread. That thread waits while too many writes are under way and while
   * the commit queue is full, each no longer than the write's deadline, which slows down callers that are faster than the
   * stores.
   *
   * @return the memory as it is stored now, or as it was stored before under this key; fails with a
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
   * Stores a memory as {@link #addMemory} does, and reports the outcome: {@link WriteOutcome.Stored},
   * {@link WriteOutcome.DuplicateOf} if the memory existed before, or the reason why it was not stored.
   *
   * @return the outcome, whatever it is; does not fail because of the memory
   */
  public CompletableFuture<WriteOutcome> add(NewMemory memory) {
    return serving.write(engine -> {
      AcceptedMemory accepted = engine.intake.accept(memory);
      return add(engine, accepted, Activity.begin(listener, OperationType.ADD, memory, null));
    });
  }

  /**
   * Stores many memories. Each has an outcome of its own; a failure of one does not affect the others. All are accepted before
   * the first is stored, in the order of the list. That is their order in a {@linkplain #listByTime list by time} and in their
   * runs, except for memories that say when their event occurred.
   *
   * @return the outcomes, in the order of the memories; does not fail because of an item
   */
  public CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories) {
    return serving.write(engine -> {
      List<AcceptedMemory> accepted = memories.stream().map(engine.intake::accept).toList();
      Activity batch = Activity.begin(listener, OperationType.ADD_MEMORIES, memories, null);
      return Activity.ending(batch, BoundedParallel.run(accepted, ITEMS_AT_ONCE,
          one -> add(engine, one, Activity.begin(batch, OperationType.ADD, one.memory())), engine.environment));
    });
  }

  private static CompletableFuture<WriteOutcome> add(Engine engine, AcceptedMemory accepted,
      @Nullable Activity activity) {
    return Activity.ending(activity, engine.admission.write(() -> engine.addHandler.add(accepted.as(activity))));
  }

  /**
   * Stores a memory under its key, whether or not there is one:
   * <ul>
   * <li>{@link WriteOutcome.Stored}: it is new, or back after its deletion;
   * <li>{@link WriteOutcome.Replaced}: there was another state, and all of it is replaced: content, actor, metadata, times and
   * vector. Only the time of its creation stays;
   * <li>{@link WriteOutcome.DuplicateOf}: it was stored exactly so already. Nothing was embedded or written;
   * <li>otherwise the reason why it was not stored. In a scope that holds each content once, that is also so if another memory
   * has the content.
   * </ul>
   * A vector that is not given is kept while the searchable text is the same, and else made by the embedder. Of puts under one
   * key that overlap, each has a true outcome, and the last to land stays.
   *
   * @return the outcome, whatever it is; fails with an {@link InvalidInputException} if the memory has no key
   */
  public CompletableFuture<WriteOutcome> put(NewMemory memory) {
    return serving.write(engine -> putEach(engine, List.of(memory), null)).thenApply(List::getFirst);
  }

  /**
   * Stores many memories under their keys, as {@link #put} does. Each has an outcome of its own; a failure of one does not
   * affect the others. All are accepted before the first is stored, in the order of the list. Memories with the same key are
   * stored one after the other, so the last one stays.
   *
   * @return the outcomes, in the order of the memories; does not fail because of an item, except with an
   * {@link InvalidInputException} before anything is stored, if one has no key
   */
  public CompletableFuture<List<WriteOutcome>> putMemories(List<NewMemory> memories) {
    List<NewMemory> puts = List.copyOf(memories);
    Activity batch = Activity.begin(listener, OperationType.PUT_MEMORIES, puts, null);
    return serving.write(engine -> Activity.ending(batch, putEach(engine, puts, batch)));
  }

  private CompletableFuture<List<WriteOutcome>> putEach(Engine engine, List<NewMemory> memories,
      @Nullable Activity batch) {
    List<Put> puts = new ArrayList<>(memories.size());
    for (NewMemory memory : memories) {
      String key = memory.key();
      if (key == null) {
        String which = memories.size() == 1 ? "the memory" : "memory " + (puts.size() + 1) + " of the list";
        return CompletableFuture.failedFuture(new InvalidInputException(
            which + " has no key, and a put stores under a key; give it one, or add it instead"));
      }
      puts.add(new Put(MemoryId.derive(memory.scope(), key), engine.intake.accept(memory)));
    }
    Map<MemoryId, List<Put>> byId = new LinkedHashMap<>();
    puts.forEach(put -> byId.computeIfAbsent(put.id, id -> new ArrayList<>(1)).add(put));
    return BoundedParallel
        .run(List.copyOf(byId.values()), ITEMS_AT_ONCE, sameId -> putInTurn(engine, sameId, batch), engine.environment)
        .thenApply(outcomes -> inOrder(puts, outcomes));
  }

  private record Put(MemoryId id, AcceptedMemory memory) {}

  private CompletableFuture<List<WriteOutcome>> putInTurn(Engine engine, List<Put> puts, @Nullable Activity batch) {
    return BoundedParallel.run(puts, 1, put -> {
      Activity activity = Activity.begin(listener, OperationType.PUT, put.memory.memory(), batch);
      return Activity.ending(activity,
          engine.admission.write(() -> engine.putHandler.put(put.memory.as(activity), put.id)));
    }, engine.environment);
  }

  /**
   * @param outcomes a list for each memory, in the order in which the memories come first
   */
  private static List<WriteOutcome> inOrder(List<Put> puts, List<List<WriteOutcome>> outcomes) {
    Iterator<List<WriteOutcome>> next = outcomes.iterator();
    Map<MemoryId, Iterator<WriteOutcome>> left = new LinkedHashMap<>();
    return puts.stream().map(put -> left.computeIfAbsent(put.id, id -> next.next().iterator()).next()).toList();
  }

  /**
   * Changes a memory.
   *
   * @return the memory in its new state; fails with a {@link MemoryWriteException}
   */
  public CompletableFuture<Memory> updateMemory(MemoryUpdate update) {
    Activity activity = Activity.begin(listener, OperationType.UPDATE, update, null);
    return serving.write(engine -> Activity.ending(activity,
        engine.admission.write(() -> engine.changeHandler.update(update, activity)))).thenApply(outcome -> {
          if (outcome instanceof WriteOutcome.Stored stored) {
            return stored.memory();
          }
          throw failure(outcome);
        });
  }

  /**
   * Deletes a memory. Its history stays, unless the deletion {@linkplain MemoryDeletion#purgingHistory() purges it}: see
   * {@link #deleteAll(Scope, Filter, boolean)} for what that means. A purging deletion also purges a memory that was deleted
   * before, if no state of it is expected.
   *
   * @return fails with a {@link MemoryWriteException}, also if the memory does not exist; with a {@link StoreException} if the
   * memory is purged but the index's files could not be
   */
  public CompletableFuture<WriteOutcome.Deleted> deleteMemory(MemoryDeletion deletion) {
    return serving.write(engine -> deleteEach(engine, List.of(deletion), null)).thenApply(outcomes -> {
      if (outcomes.getFirst() instanceof WriteOutcome.Deleted deleted) {
        return deleted;
      }
      throw failure(outcomes.getFirst());
    });
  }

  /**
   * Deletes many memories, as {@link #deleteMemory} does. Each has an outcome of its own; a failure of one does not affect the
   * others. If histories are purged, the index's files are purged once, at the end.
   *
   * @return the outcomes, in the order of the deletions: {@link WriteOutcome.Deleted}, or why it was not deleted. Does not fail
   * because of an item; fails with a {@link StoreException} if memories are purged but the index's files could not be
   */
  public CompletableFuture<List<WriteOutcome>> deleteMemories(List<MemoryDeletion> deletions) {
    List<MemoryDeletion> each = List.copyOf(deletions);
    Activity batch = Activity.begin(listener, OperationType.DELETE_MEMORIES, each, null);
    return serving.write(engine -> Activity.ending(batch, deleteEach(engine, each, batch)));
  }

  private CompletableFuture<List<WriteOutcome>> deleteEach(Engine engine, List<MemoryDeletion> deletions,
      @Nullable Activity batch) {
    return engine.eraseHandler.deleteEach(deletions, deletion -> Activity.begin(listener,
        deletion.purgesHistory() ? OperationType.ERASE : OperationType.DELETE, deletion, batch));
  }

  /** Calls {@link #deleteAll(Scope, Filter, boolean)} without purging: histories stay. */
  public CompletableFuture<DeleteReport> deleteAll(Scope scope, @Nullable Filter filter) {
    return deleteAll(scope, filter, false);
  }

  /**
   * Deletes all memories of a scope that match a filter, including expired ones, in pages and in order of id. It is many
   * deletes, not one: memories that are stored meanwhile may stay, and after a failure the call can be repeated. Without a
   * filter it deletes the {@linkplain Conversations conversations} of the scope first, completely, whether or not histories
   * are purged.
   *
   * <p>
   * <b>Purged histories.</b> After a purge no store holds the content: neither core, nor the history, nor this process's index
   * with all its files, nor the cache of embeddings. The memories' ids, their scopes and the times of erasure remain until the
   * end of the retention time. Without a filter, memories of the scope that were deleted before are purged too. With a filter
   * they can't be, because a deleted memory has no metadata. Other processes on the database purge their indexes within
   * seconds of reading of the erasure in the log, or when they are opened next. Called again after a crash, a purge resumes
   * where it stopped, except for memories that were chosen by a filter and were deleted but not purged yet.
   *
   * <p>
   * A purge does not cover: content that callers store again meanwhile or later, including by a retry; what PostgreSQL keeps of
   * old row versions until it vacuums, in its log and in backups; and an operation that was reported as unsettled before.
   * {@link #hasLanded} says of such an operation that it has not landed, unless it was the delete.
   *
   * @param filter null for all memories of the scope
   * @param purgeHistory whether the histories are purged too
   * @return fails with a {@link StoreException} if core can't be read, or if the memories are purged but the index's files
   * could not be; purging the files of a large index may take minutes
   */
  public CompletableFuture<DeleteReport> deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    Activity batch = Activity.begin(listener, purgeHistory ? OperationType.ERASE_ALL : OperationType.DELETE_ALL, scope,
        null);
    return call(batch, true, engine -> purgeHistory
        ? engine.eraseHandler.eraseAll(scope, filter, batch)
        : engine.eraseHandler.deleteAll(scope, filter, batch));
  }

  /** Reads the memory with this id, if it exists and has not expired. */
  public CompletableFuture<Optional<Memory>> get(MemoryId id) {
    return get(id, Expired.LEFT_OUT);
  }

  /** Reads the memory with this id, if it exists. */
  public CompletableFuture<Optional<Memory>> get(MemoryId id, Expired expired) {
    return read(Activity.begin(listener, OperationType.GET, id, null), engine -> engine.stores.core()
        .find(List.of(id), List.of(), null, expired.unexpiredAt(engine.environment.now()))
        .thenApply(found -> Optional.ofNullable(found.get(id))));
  }

  /** Reads a memory as it was at a time; see {@link #getAsOf(MemoryId, Instant, Expired)}. */
  public CompletableFuture<Optional<PastMemory>> getAsOf(MemoryId id, Instant at) {
    return getAsOf(id, at, Expired.LEFT_OUT);
  }

  /**
   * Reads a memory as it was at a time, rebuilt from its history. The state at a time is the newest one that was made not later
   * than that, by the clocks of the processes that write.
   *
   * @param at to the microsecond
   * @param expired whether to return a memory that had expired by that time
   * @return empty if the memory did not exist or was deleted at that time, or if its history was erased since. Fails with a
   * {@link StoreException} if the memory changes all the time while it is read
   */
  public CompletableFuture<Optional<PastMemory>> getAsOf(MemoryId id, Instant at, Expired expired) {
    return read(engine -> engine.pastHandler.read(id, at, expired.unexpiredAt(at)));
  }

  /** Lists memories as they were at a time; see {@link #listAsOf(Scope, Instant, MemoryId, int, Expired)}. */
  public CompletableFuture<PastPage> listAsOf(@Nullable Scope scope, Instant at, @Nullable MemoryId after, int limit) {
    return listAsOf(scope, at, after, limit, Expired.LEFT_OUT);
  }

  /**
   * Lists memories as they were at a time, in order of id, each as {@link #getAsOf(MemoryId, Instant, Expired)} returns it.
   * Memories that were deleted since are listed until they are swept.
   *
   * @param scope null for all scopes
   * @param at to the microsecond
   * @param after where the page begins: {@link PastPage#next} of the page before; null for the first page
   * @param limit how many memories at most, 1 to {@value #LONGEST_PAGE}
   * @param expired whether to list memories that had expired by that time
   */
  public CompletableFuture<PastPage> listAsOf(@Nullable Scope scope, Instant at, @Nullable MemoryId after, int limit,
      Expired expired) {
    return readPage(limit, LONGEST_PAGE, engine -> engine.pastHandler.list(scope, at, after, limit, false,
        expired.unexpiredAt(at)).thenApply(
            page -> new PastPage(page.rows().stream().map(PastHandler.PastRow::past).toList(), page.next())));
  }

  /** Lists memories that have not expired; see {@link #list(Scope, Filter, MemoryId, int, Expired)}. */
  public CompletableFuture<Page> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit) {
    return list(scope, filter, after, limit, Expired.LEFT_OUT);
  }

  /**
   * Lists memories in order of id.
   *
   * @param scope null for all scopes
   * @param filter null for no filter
   * @param after where the page begins: {@link Page#next} of the page before; null for the first page
   * @param limit how many memories at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<Page> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit, Expired expired) {
    return readPage(limit, LONGEST_PAGE, engine -> engine.stores.core()
        .list(scope, filter, after, limit + 1, expired.unexpiredAt(engine.environment.now()))
        .thenApply(memories -> page(memories, limit, Memory::id, Page::new)));
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
   * Lists memories in order of time: the time when a memory's event occurred, or else when the memory was accepted. Memories of
   * the same time are in the order in which they were accepted.
   *
   * @param scope null for all scopes
   * @param filter null for no filter
   * @param after where the page begins: {@link TimePage#next} of the page before; null for the first page
   * @param limit how many memories at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<TimePage> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    return readPage(limit, LONGEST_PAGE, engine -> engine.stores.core()
        .listByTime(scope, filter, order, after, limit + 1, expired.unexpiredAt(engine.environment.now()))
        .thenApply(memories -> page(memories, limit, TimePosition::of, TimePage::new)));
  }

  /** Counts memories that have not expired; see {@link #list}. */
  public CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter) {
    return count(scope, filter, Expired.LEFT_OUT);
  }

  /** Counts memories; see {@link #list}. */
  public CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return read(engine -> engine.stores.core().count(scope, filter, expired.unexpiredAt(engine.environment.now())));
  }

  /**
   * Lists the scopes in which memories are stored, exactly as the memories have them, each with the number of its memories that
   * have not expired. Scopes are in order of user, agent and run; a missing name comes first. Each page counts all memories, so
   * it takes as long as {@link #count} for everything.
   *
   * @param userPrefix lists only scopes of users whose names begin so, at most {@value Scope#LONGEST} characters; null for all
   * scopes, also those without a user
   * @param after where the page begins: {@link ScopePage#next} of the page before; null for the first page
   * @param limit how many scopes at most, 1 to {@value #LONGEST_PAGE}
   */
  public CompletableFuture<ScopePage> scopes(@Nullable String userPrefix, @Nullable Scope after, int limit) {
    if (userPrefix != null) {
      try {
        // Any name may begin with nothing or with a blank.
        Scope.user(userPrefix.isBlank() ? userPrefix + "x" : userPrefix);
      } catch (InvalidInputException e) {
        return CompletableFuture.failedFuture(
            new InvalidInputException("the prefix can begin no user's name: " + e.getMessage(), e));
      }
    }
    return readPage(limit, LONGEST_PAGE, engine -> engine.stores.core()
        .scopes(userPrefix, after, limit + 1, engine.environment.now())
        .thenApply(scopes -> page(scopes, limit, ScopeCount::scope, ScopePage::new)));
  }

  /**
   * Reads the scope of a memory, whether it is live, expired or deleted.
   *
   * @return empty if nothing is known of the memory: it was never stored, or was deleted before the retention time. Also
   * present for a memory whose add was rolled back, until its remains are swept
   */
  public CompletableFuture<Optional<Scope>> scopeOf(MemoryId id) {
    return read(
        engine -> engine.stores.core().scopesOf(List.of(id)).thenApply(found -> Optional.ofNullable(found.get(id))));
  }

  /** Finds memories, best first. */
  public CompletableFuture<List<SearchHit>> search(SearchRequest request) {
    Activity activity = Activity.begin(listener, OperationType.SEARCH, request, null);
    return read(activity, engine -> engine.searchHandler.search(request, activity));
  }

  /**
   * Chooses memories, and the end of a conversation, for a prompt: as many as fit into a number of tokens. No model is asked.
   *
   * <p>
   * Pinned memories come first; then the newest messages, up to the conversation's share; then the memories that the search
   * finds, best first, each if it fits; then older messages with what is left. Messages of the user and of the assistant count, whole and without a
   * gap. A memory that says what a message or a better memory says, word for word, is left out. Of the window, about as many
   * messages are read as fit.
   */
  public CompletableFuture<PromptContext> context(ContextRequest request) {
    Scope conversation = request.conversation();
    // Most tokens stand for a few characters, and most messages have more than that.
    int page = Math.clamp(request.tokens() / TOKENS_OF_A_MESSAGE, FEWEST_MESSAGES, Conversations.LONGEST_PAGE);
    CompletableFuture<WindowEnd> end = conversation == null
        ? CompletableFuture.completedFuture(new WindowEnd(List.of(), false, 0))
        : conversations().windowEnd(conversation, Long.MAX_VALUE, page);
    CompletableFuture<List<Memory>> pinned = pinned(request);
    return handOut(search(request.search()).thenCombine(pinned, (hits, memories) -> hits)
        .thenCombine(end, (hits, window) -> hits)
        .thenCompose(hits -> pack(request, pinned.join(), hits, List.of(), end.join(), end.join().length(), 0)));
  }

  /**
   * Packs, with more of the window as long as there is room for all that was read of it.
   *
   * @param newer messages after the page
   * @param page of the window
   * @param length how many messages the whole window has
   * @param read how many messages were read before the page
   */
  private CompletableFuture<PromptContext> pack(ContextRequest request, List<Memory> pinned, List<SearchHit> hits,
      List<ConversationMessage> newer, WindowEnd page, long length, int read) {
    // Only what may be used is kept while older pages are read.
    List<ConversationMessage> messages = Stream
        .concat(page.messages().stream().filter(ContextPacker::isSpoken), newer.stream()).toList();
    int all = read + page.messages().size();
    ContextPacker.Packed packed = ContextPacker.pack(request, pinned, hits, messages, page.more() ? length - all : 0);
    Scope conversation = request.conversation();
    if (conversation == null || !packed.hasRoom() || !page.more() || all >= Conversations.LONGEST_WINDOW) {
      return CompletableFuture.completedFuture(packed.context());
    }
    return conversations().windowEnd(conversation, page.messages().getFirst().position(), Conversations.LONGEST_PAGE)
        .thenCompose(older -> pack(request, pinned, hits, messages, older, length, all));
  }

  private CompletableFuture<List<Memory>> pinned(ContextRequest request) {
    List<CompletableFuture<Optional<Memory>>> all = request.pinned().stream().distinct().map(this::get).toList();
    List<Scope> scopes = request.search().scopes();
    return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .thenApply(done -> all.stream().flatMap(each -> each.join().stream())
            .filter(memory -> scopes.isEmpty() || scopes.stream().anyMatch(scope -> scope.matches(memory.scope())))
            .toList());
  }

  /**
   * Finds out what became of an operation that was reported as {@link WriteOutcome.Unsettled}, here or in another process.
   * First everything that is still on its way to the memory is stopped, so the answer stays true.
   *
   * @return true if the operation landed: it stored or deleted the memory. False if it never will, so a retry is safe. Fails
   * with a {@link StoreException} if the database can't be reached within the deadline of a write
   */
  public CompletableFuture<Boolean> hasLanded(MemoryId memory, OperationId op) {
    return read(engine -> engine.inDoubtResolver.resolve(memory, op, engine.environment.now().plus(engine.patience))
        .thenApply(result -> switch (result) {
          case StoreResult.Applied applied -> true;
          case StoreResult.NotApplied notApplied -> false;
          case StoreResult.InDoubt inDoubt -> throw new StoreException(
              "it can't be found out now what became of operation " + op + "; ask again when the database answers",
              inDoubt.cause());
        }));
  }

  /**
   * Reads the whole history of a memory, oldest entry first; empty if nothing is known of the memory.
   *
   * @return fails with an {@link InvalidInputException} if there are more than {@value #LONGEST_HISTORY} entries; then
   * {@link #history(MemoryId, Integer, int)} reads them in pages
   */
  public CompletableFuture<List<HistoryEntry>> history(MemoryId id) {
    return read(engine -> engine.stores.history().entries(id, 0, LONGEST_HISTORY + 1).thenApply(entries -> {
      if (entries.size() > LONGEST_HISTORY) {
        throw new InvalidInputException("memory " + id + " has changed more than " + LONGEST_HISTORY
            + " times; read its history in pages");
      }
      return entries;
    }));
  }

  /**
   * Reads a page of a memory's history, newest entry first; empty if nothing is known of the memory.
   *
   * @param before where the page begins: {@link HistoryPage#next} of the page before; null for the first page
   * @param limit how many entries at most, 1 to {@value #LONGEST_HISTORY}
   */
  public CompletableFuture<HistoryPage> history(MemoryId id, @Nullable Integer before, int limit) {
    return readPage(limit, LONGEST_HISTORY, engine -> engine.stores.history().newest(id, before, limit + 1)
        .thenApply(entries -> page(entries, limit, HistoryEntry::version, HistoryPage::new)));
  }

  /**
   * Reads what has changed after a cursor, through any process on the database: a page of changes, and the cursor after it.
   * Called again with that cursor it goes on, also after a restart of this process or of the database. Every change is reported
   * at least once, and some more than once. A change that was reported and then rolled back is followed by one of kind
   * {@link dev.memlane.model.MemoryChange.Kind#UNDO}. A change is not reported if its memory was erased before the page was
   * read; then the erasure is. A call that finds nothing costs one small query.
   *
   * @param after {@link ChangePage#next} of the page before; {@link ChangeCursor#beginning()} for all that the history holds;
   * null to begin now, which returns an empty page
   * @param limit how many changes at most, 1 to {@value #LONGEST_PAGE}
   * @return fails with an {@link ExpiredCursorException} if changes might be missed: the cursor is older than half the retention
   * time, or the database has lost what the cursor has seen. Then list everything, after beginning a new cursor. Fails with an
   * {@link InvalidInputException} if the cursor is none of this database
   */
  public CompletableFuture<ChangePage> changes(@Nullable ChangeCursor after, int limit) {
    return readPage(limit, LONGEST_PAGE, engine -> engine.changesHandler.read(after, limit));
  }

  /**
   * Reads memories with their histories, in order of id: live memories, expired or not, and deleted ones. Writes may go on;
   * each memory is as it was at some moment.
   *
   * @param scope null for all scopes
   * @param after where the page begins: {@link ArchivePage#next} of the page before; null for the first page
   * @param limit how many memories at most, 1 to {@value #LONGEST_EXPORT_PAGE}; a page may have fewer
   * @param vectors whether the vectors are included; without them an import embeds the texts again
   */
  public CompletableFuture<ArchivePage> exportPage(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    return readPage(limit, LONGEST_EXPORT_PAGE, engine -> engine.exportHandler.page(scope, after, limit, vectors));
  }

  /**
   * Restores memories that were exported, as they were: ids, versions, operations, times, keys and histories, including
   * deleted memories. A memory is restored only if there is none with its id; existing memories are not changed. Importing
   * again resumes where the last import ended. Texts with vectors by another model are embedded again. A memory that
   * contradicts itself, because it was edited after the export, is refused.
   *
   * @return the outcomes, in the order of the memories; does not fail because of an item
   */
  public CompletableFuture<List<ImportOutcome>> importMemories(List<ArchivedMemory> memories) {
    return importMemories(memories, Edits.REFUSED);
  }

  /**
   * Restores memories; see {@link #importMemories(List)}.
   *
   * @param edits what becomes of a memory that contradicts itself
   */
  public CompletableFuture<List<ImportOutcome>> importMemories(List<ArchivedMemory> memories, Edits edits) {
    List<ArchivedMemory> items = List.copyOf(memories);
    return serving.write(engine -> engine.admission.admit(
        () -> moveToExecutor(engine, engine.importHandler.restore(items, edits)), reason -> items.stream()
            .<ImportOutcome>map(item -> new ImportOutcome.Failed(item.id(), new StoreException(reason, null)))
            .toList()));
  }

  /**
   * Compares the three stores while other threads and processes may write: which memories each holds in which state, and
   * whether the content, metadata and vector of each memory are those with which its history ends. A difference is checked
   * again under the memory's lock before it is reported.
   *
   * @param repair whether to make the index agree with core first
   */
  public CompletableFuture<VerifyReport> verify(boolean repair) {
    return read(engine -> engine.verifier.verify(repair));
  }

  /**
   * Deletes memories that have expired, with the actor "memlane: expired". Also removes tombstones with their memories'
   * histories, and the remains of writes that were rolled back, if they are older than the retention time. The same is done
   * every hour in the background.
   *
   * @return how many memories were deleted and how many remains were removed, together
   */
  public CompletableFuture<Long> sweep() {
    return read(engine -> engine.sweeper.sweep());
  }

  /** The name of the embedding model, which vectors handed over by callers have to carry. */
  public String embeddingModel() {
    return serving.engine().embedder.model();
  }

  /** How many numbers the embedding model's vectors have. */
  public int embeddingDimension() {
    return serving.engine().embedder.dimension();
  }

  /** Returns what the embedder has done since opening. Asks no store. */
  public EmbeddingStats embeddingStatistics() {
    return serving.engine().embedder.stats();
  }

  /**
   * Reads what goes on in this process. Asks the index, and not the database, so it is cheap enough to be called every few
   * seconds. Works, and gives the reason, while the index can't be read.
   */
  public CompletableFuture<MemoryStatus> status() {
    return read(
        engine -> CompletableFuture.supplyAsync(() -> engine.status(changing(), changeStatus()),
            engine.environment.executor()));
  }

  /** Reads what the stores hold and what is under way. Works, and gives the reason, while the index can't be read. */
  public CompletableFuture<Statistics> statistics() {
    return read(engine -> engine.statistics(changing(), changeStatus()));
  }

  /**
   * Completes when no operation is left to be settled and no memory is left to be followed in the background; see
   * {@link Statistics#unsettled} and {@link Statistics#unindexed}. A text that the embedder always refuses is never followed,
   * so waiting should have a bound.
   *
   * @return fails with a {@link StoreException} if this is closed before
   */
  public CompletableFuture<Void> awaitSettled() {
    return CompletableFuture
        .allOf(serving.engines().stream().map(Engine::awaitSettled).toArray(CompletableFuture[]::new));
  }

  /**
   * Changes the embedding model while this memory serves calls. Stored texts are embedded by the new model first, and a second
   * index is built of their vectors. Then calls go over to the new model and index at once, and the old index is deleted.
   *
   * <p>
   * <b>Promises.</b> No call fails because of the change. A search is answered by one model alone, and finds everything that was
   * acknowledged before it began. Each memory that is written meanwhile is embedded by both models. Until the change is
   * complete the old model serves, and a change that fails, is cancelled or is interrupted by a crash leaves it so. The
   * vectors that it has made are kept, so the next change to that model embeds only what is missing.
   *
   * <p>
   * The change concerns this process. Other processes keep their model and follow what is written here; change the model in
   * each of them, {@linkplain ModelChangeRequest#together together} if all shall switch at once. After a change, open the memory with the new model. During a change, this process has twice as many
   * connections to the database, and the folder beside the index directory contains the second index.
   *
   * @return the change, which goes on in the background. One at a time
   * @throws InvalidInputException if the model is being changed already, if {@link ModelChangeRequest#sharedIndex} does not fit,
   * or if the memory was opened with stores of its own. What can only be found out later fails the change instead
   * @throws StoreException if this is closed
   */
  public ModelChange changeModel(ModelChangeRequest request) {
    if (changer == null) {
      throw new InvalidInputException("this memory was not opened by a builder, so it can't open another engine");
    }
    return changer.begin(request);
  }

  /** The change of the model that is under way, or the last one since this was opened; empty if there was none. */
  public Optional<ModelChange> modelChange() {
    return changer == null ? Optional.empty() : Optional.ofNullable(changer.last());
  }

  /**
   * Deletes the vectors that other models than the present one have made, and which a {@linkplain #changeModel change} keeps. They take
   * room in the database, and are of use only for a change back. Call it when all processes of the database have the new
   * model: one that has an older model embeds what it needs again, at the next comparison of its index.
   *
   * @return how many vectors were deleted; fails with a {@link StoreException}, and may be repeated then
   * @throws InvalidInputException if the model is being changed, or if the memory was opened with stores of its own
   */
  public CompletableFuture<Long> deleteOldVectors() {
    if (changer == null) {
      throw new InvalidInputException("this memory was not opened by a builder, so it has no vectors of other models");
    }
    return changer.deleteOldVectors();
  }

  /** Returns the calls for conversations. */
  public Conversations conversations() {
    return conversations;
  }

  /** Returns the same calls in a form that waits and returns the values themselves. */
  public BlockingMemory blocking() {
    return new BlockingMemory(this);
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

  private <T> CompletableFuture<T> readPage(int limit, int longest, Function<Engine, CompletableFuture<T>> begin) {
    return limit < 1 || limit > longest
        ? CompletableFuture.failedFuture(
            new InvalidInputException("the page's length is " + limit + "; it must be 1 to " + longest))
        : read(begin);
  }

  /** Makes a page of items that were read with one more than the limit, which shows whether there is a next page. */
  private static <T, N, P> P page(List<T> found, int limit, Function<T, N> position,
      BiFunction<List<T>, @Nullable N, P> page) {
    if (found.size() <= limit) {
      return page.apply(found, null);
    }
    List<T> kept = found.subList(0, limit);
    return page.apply(kept, position.apply(kept.getLast()));
  }

  /** Begins a call, unless this is closed, and hands out its result. */
  <T> CompletableFuture<T> read(Function<Engine, CompletableFuture<T>> begin) {
    return call(null, false, begin);
  }

  /** Begins a call that may write, unless this is closed, and hands out its result. */
  <T> CompletableFuture<T> write(Function<Engine, CompletableFuture<T>> begin) {
    return call(null, true, begin);
  }

  /**
   * @param activity the operation that ends with the result; null if nobody listens
   */
  private <T> CompletableFuture<T> read(@Nullable Activity activity, Function<Engine, CompletableFuture<T>> begin) {
    return call(activity, false, begin);
  }

  private <T> CompletableFuture<T> call(@Nullable Activity activity, boolean writes,
      Function<Engine, CompletableFuture<T>> begin) {
    try {
      return Activity.ending(activity, begin(writes, begin));
    } catch (RuntimeException | Error e) {
      Activity.end(activity, null, e);
      throw e;
    }
  }

  private <T> CompletableFuture<T> begin(boolean writes, Function<Engine, CompletableFuture<T>> begin) {
    if (serving.isClosed()) {
      return CompletableFuture.failedFuture(new StoreException("the memory is closed; open it again", null));
    }
    Function<Engine, CompletableFuture<T>> moved = engine -> moveToExecutor(engine, begin.apply(engine));
    return writes ? serving.write(moved) : serving.read(moved);
  }

  /** Moves a result to the executor, so that what callers chain to it can't block a store's thread. */
  private static <T> CompletableFuture<T> moveToExecutor(Engine engine, CompletableFuture<T> result) {
    return result.whenCompleteAsync((done, failure) -> {}, engine.environment.executor());
  }

  /**
   * Gives a caller a future of its own. The caller may cancel it, complete it or let it time out without an effect on the work
   * or on others who wait for the result.
   */
  private static <T> CompletableFuture<T> handOut(CompletableFuture<T> result) {
    return result.copy();
  }

  private List<BackgroundWork> changing() {
    return changer == null ? List.of() : changer.background();
  }

  private ModelChange.@Nullable Status changeStatus() {
    return modelChange().map(ModelChange::status).orElse(null);
  }

  /**
   * Refuses new writes, waits for those under way and for what is being settled, within the deadline of a write, and closes the
   * stores. What is not settled by then is found by the comparison at the next opening. A change of the model that is
   * under way is cancelled. Closing again does nothing.
   */
  @Override
  public void close() {
    if (!serving.close()) {
      return;
    }
    if (changer != null) {
      // Writes are refused at once, however long a change takes to end.
      CompletableFuture<?> unused = serving.engine().admission.close();
      changer.close();
    }
    serving.engine().close();
  }

  @Override
  public String toString() {
    Engine engine = serving.engine();
    return "MemoryOrchestrator[" + engine.stores.core() + ", " + engine.stores.index() + "]";
  }
}
