package dev.memlane.orchestrator.exploration;

import dev.memlane.model.ContentHash;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CheckpointSource;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.internal.GuardedIndex;
import dev.memlane.orchestrator.internal.follow.Checkpoint;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The index of one simulated process: the set of documents that it holds.
 *
 * <p>
 * The fate of a write is decided when it is requested. A write that hangs keeps all later ones waiting, because writes
 * to one memory are applied in the order in which they were requested, and there is only one memory. Not safe for use
 * by several threads.
 */
final class SimulatedIndex implements GuardedIndex {

  /** What happens to a write. */
  enum Fate {
    DONE, FAILS, HANGS
  }

  /** Decides what happens to a write. */
  @FunctionalInterface
  interface Fates {
    Fate of(String write, boolean mayHang);
  }

  /** How a write ends for its caller. */
  private enum Ending {
    DONE, FAILED, IN_DOUBT, WITHDRAWN
  }

  /** A write that hangs, or that waits for one that hangs. */
  private static final class Write {
    final String name;
    final @Nullable Instant deadline;
    final Runnable effect;
    final Consumer<Ending> ended;
    boolean expired;

    Write(String name, @Nullable Instant deadline, Runnable effect, Consumer<Ending> ended) {
      this.name = name;
      this.deadline = deadline;
      this.effect = effect;
      this.ended = ended;
    }
  }

  /**
   * What is on disk.
   *
   * @param checkpoint null if nothing is known of the documents
   */
  record Saved(Set<DocumentName> documents, @Nullable String checkpoint) {
    Saved {
      documents = Set.copyOf(documents);
    }
  }

  private final Set<Rule> without;
  private final Fates fates;
  private final Saved opened;
  private Saved committed;
  private @Nullable CheckpointSource checkpoints;
  /** The commit under way, before and after its documents are fixed; both null if there is none. */
  private @Nullable CompletableFuture<CheckpointSource.Pending> begun;
  private @Nullable Set<DocumentName> fixed;
  private final Set<DocumentName> documents;
  private final Map<DocumentName, Set<DocumentName>> replaced = new HashMap<>();
  private final List<Set<DocumentName>> snapshots = new ArrayList<>();
  private final List<Set<DocumentName>> views = new ArrayList<>();
  private final Deque<Write> queue = new ArrayDeque<>();

  SimulatedIndex(Set<Rule> without, Saved saved, Fates fates) {
    this.without = without;
    this.fates = fates;
    this.opened = saved;
    this.committed = saved;
    this.documents = new HashSet<>(saved.documents);
    snapshots.add(saved.documents);
    views.add(saved.documents);
  }

  /** What it was opened from. */
  Saved opened() {
    return opened;
  }

  /** The last commit with a checkpoint; what it was opened from if there is none. */
  Saved committed() {
    return committed;
  }

  @Override
  public @Nullable String checkpoint() {
    return opened.checkpoint;
  }

  @Override
  public void recordCheckpoints(CheckpointSource source) {
    checkpoints = source;
  }

  /** Whether a commit may begin. */
  boolean mayCommit() {
    return checkpoints != null && !isCommitting();
  }

  boolean isCommitting() {
    return begun != null || fixed != null;
  }

  /** Whether the commit under way may begin its checkpoint. */
  boolean mayBeginCheckpoint() {
    return fixed != null && begun == null;
  }

  /** Whether the commit under way may fix its documents. */
  boolean mayFix() {
    return begun != null && begun.isDone() && fixed == null;
  }

  /** Whether the commit under way may be made. */
  boolean mayComplete() {
    return fixed != null && begun != null && begun.isDone();
  }

  void beginCommit() {
    if (without.contains(Rule.CHECKPOINT_BEFORE_DOCUMENTS)) {
      fix();
    } else {
      beginCheckpoint();
    }
  }

  void beginCheckpoint() {
    begun = Objects.requireNonNull(checkpoints).begin();
  }

  void fix() {
    fixed = Set.copyOf(documents);
  }

  void completeCommit() {
    String checkpoint = Objects.requireNonNull(begun).join().complete();
    if (without.contains(Rule.CHECKPOINT_LISTS_IN_FLIGHT)) {
      checkpoint = Checkpoint.read(checkpoint).map(each -> each.withInFlight(Set.of()).write()).orElse(null);
    }
    committed = new Saved(Objects.requireNonNull(fixed), checkpoint);
    begun = null;
    fixed = null;
  }

  Set<DocumentName> documents() {
    return documents;
  }

  /** All distinct sets of documents since opening: a crash may leave any of them on disk. */
  List<Set<DocumentName>> snapshots() {
    return snapshots;
  }

  /** The sets of documents that searches could see, in order; they see the last one now. */
  List<Set<DocumentName>> views() {
    return views;
  }

  /** The write that hangs, or null. */
  @Nullable
  String hanging() {
    Write head = queue.peek();
    return head == null ? null : head.name;
  }

  /** Whether a write hangs whose deadline has not passed. */
  boolean hangsUnexpired() {
    Write head = queue.peek();
    return head != null && !head.expired;
  }

  /** The first deadline of the writes that wait, or null. */
  @Nullable
  Instant deadline() {
    Instant first = null;
    for (Write write : queue) {
      if (!write.expired && write.deadline != null && (first == null || write.deadline.isBefore(first))) {
        first = write.deadline;
      }
    }
    return first;
  }

  /** Ends the writes past their deadline: the one that hangs is in doubt, those that wait for it are withdrawn. */
  void expire(Instant now) {
    Write head = queue.peek();
    for (Write write : List.copyOf(queue)) {
      if (write.expired || write.deadline == null || write.deadline.isAfter(now)) {
        continue;
      }
      if (write == head) {
        write.expired = true;
        write.ended.accept(Ending.IN_DOUBT);
      } else {
        queue.remove(write);
        write.ended.accept(Ending.WITHDRAWN);
      }
    }
  }

  /** Ends the write that hangs, and applies those that waited for it. */
  void endHanging(boolean done) {
    Write head = queue.remove();
    if (done) {
      finish(head);
    } else {
      head.ended.accept(Ending.FAILED);
    }
    while (!queue.isEmpty() && !without.contains(Rule.LATE_PUT_FOLLOWS)) {
      finish(queue.remove());
    }
  }

  private void finish(Write write) {
    write.effect.run();
    if (!snapshots.contains(documents)) {
      snapshots.add(Set.copyOf(documents));
    }
    if (!views.getLast().equals(documents)) {
      views.add(Set.copyOf(documents));
    }
    write.ended.accept(Ending.DONE);
  }

  private void write(String name, @Nullable Instant deadline, Runnable effect, Consumer<Ending> ended) {
    Write write = new Write(name, deadline, effect, ended);
    boolean waits = !queue.isEmpty() && !without.contains(Rule.LATE_PUT_FOLLOWS);
    Fate fate = waits ? Fate.HANGS : fates.of(name, deadline != null);
    switch (fate) {
      case DONE -> finish(write);
      case FAILS -> ended.accept(Ending.FAILED);
      case HANGS -> queue.add(write);
    }
  }

  private CompletableFuture<StoreResult> write(String name, DocumentName document, Instant deadline, Runnable effect) {
    CompletableFuture<StoreResult> result = new CompletableFuture<>();
    write(name, deadline, effect, ending -> result.complete(switch (ending) {
      case DONE -> new StoreResult.Applied(new Receipt(StoreKind.VECTOR, document.memory(), document.op(), 1));
      case FAILED -> new StoreResult.NotApplied(new SimulatedFailure("the index failed during a " + name));
      case IN_DOUBT -> new StoreResult.InDoubt(new SimulatedFailure("the index did not answer in time"));
      case WITHDRAWN -> new StoreResult.NotApplied(new SimulatedFailure("the deadline passed before the " + name));
    }));
    return result;
  }

  private CompletableFuture<Void> write(String name, Runnable effect) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    write(name, null, effect, ending -> {
      if (ending == Ending.DONE) {
        result.complete(null);
      } else {
        result.completeExceptionally(new SimulatedFailure("the index failed during a " + name));
      }
    });
    return result;
  }

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    DocumentName name = document.name();
    return write("put", name, deadline, () -> {
      if (without.contains(Rule.DOCUMENT_PER_OPERATION)) {
        replaced.put(name, Set.copyOf(documents));
        documents.clear();
      }
      documents.add(name);
    });
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    return write("check", name, deadline, () -> {});
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return write("retain",
        () -> documents.removeIf(other -> other.memory().equals(name.memory()) && !other.equals(name)));
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    return write("removal", () -> {
      if (documents.remove(name) && replaced.containsKey(name)) {
        documents.addAll(replaced.get(name));
      }
    });
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return write("removal of all", () -> documents.removeIf(name -> name.memory().equals(memory)));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    return CompletableFuture
        .completedFuture(documents.stream().filter(name -> memories.contains(name.memory())).toList());
  }

  @Override
  public @Nullable StoreException failure() {
    return null;
  }

  @Override
  public long generation() {
    return 0;
  }

  @Override
  public VectorIndex unguarded() {
    return this;
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    if (without.contains(Rule.OPENING_COMPARES)) {
      return CompletableFuture.completedFuture(List.of());
    }
    return CompletableFuture.completedFuture(documents.stream()
        .filter(name -> after == null || name.memory().compareTo(after) > 0)
        .sorted(Comparator.comparing(DocumentName::memory).thenComparing(name -> name.op().value())).toList());
  }

  /** Names of actors only rank, and no explored promise is about that. */
  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    return CompletableFuture.completedFuture(Set.of());
  }

  @Override
  public CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents) {
    throw new UnsupportedOperationException("no explored call searches the past");
  }

  /** All documents are equally near. */
  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    List<IndexHits.IndexHit> hits = documents.stream().sorted(Comparator.comparing(name -> name.op().value()))
        .map(name -> new IndexHits.IndexHit(name, ContentHash.of(null, SimulatedSearch.contentOf(name.op())),
            Instant.EPOCH, 1))
        .toList();
    Set<DocumentName> held = new HashSet<>(query.documents());
    if (!without.contains(Rule.STALE_DOCUMENT_COUNTS)) {
      held.retainAll(documents);
    }
    return CompletableFuture.completedFuture(new IndexHits(hits, List.of(), List.of(), true, held));
  }

  @Override
  public CompletableFuture<Void> commit() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> expunge() {
    return CompletableFuture.completedFuture(null);
  }

  /** Removing a document leaves nothing behind here. */
  @Override
  public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    return CompletableFuture.completedFuture(false);
  }

  @Override
  public CompletableFuture<Void> clear() {
    return write("clearing", documents::clear);
  }

  @Override
  public IndexSummary summary() {
    return new IndexSummary("simulated", 1, documents.size(), 1, 0);
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
