package dev.memlane.orchestrator.exploration;

import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.internal.GuardedIndex;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One simulated process's client of the {@link SimulatedCluster}.
 *
 * <p>
 * It executes nothing itself. It passes every write and every read to a {@link Network}, which decides when it is executed
 * and what is answered. There is only one memory, and its writes are sent one after the other: the next one when the one
 * before has been answered or given up. Not safe for use by several threads.
 */
final class SimulatedSharedIndex implements GuardedIndex, SharedIndex {

  /** How a write ends for its sender. */
  enum Ending {
    DONE, REFUSED, IN_DOUBT;

    /** The same in every run, unlike the hash code. */
    int hashCodeOfName() {
      return name().hashCode();
    }
  }

  /** The connection to the cluster. */
  interface Network {

    /** Takes a write. */
    void send(Write write);

    /**
     * Takes a read.
     *
     * @param digest what distinguishes one answer from another
     */
    <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest);
  }

  /** A write. */
  static final class Write {
    final String name;
    /** Null if its sender waits for as long as it takes. */
    final @Nullable Instant deadline;
    private final Runnable effect;
    private final BooleanSupplier changes;
    private final Consumer<Ending> ended;
    private boolean answered;

    private Write(String name, @Nullable Instant deadline, Runnable effect, BooleanSupplier changes,
        Consumer<Ending> ended) {
      this.changes = changes;
      this.name = name;
      this.deadline = deadline;
      this.effect = effect;
      this.ended = ended;
    }

    void execute() {
      effect.run();
    }

    /** Whether executing it now would make a difference. */
    boolean wouldChange() {
      return changes.getAsBoolean();
    }

    void answer(Ending ending) {
      if (!answered) {
        answered = true;
        ended.accept(ending);
      }
    }
  }

  private final SimulatedCluster cluster;
  private final Set<Rule> without;
  private final Network network;
  /** The writes that have not been answered; the first one has been sent. */
  private final Deque<Write> queue = new ArrayDeque<>();
  private @Nullable DocumentName lastPut;

  SimulatedSharedIndex(SimulatedCluster cluster, Set<Rule> without, Network network) {
    this.cluster = cluster;
    this.without = without;
    this.network = network;
  }

  private void write(String name, @Nullable Instant deadline, Runnable effect, BooleanSupplier changes,
      Consumer<Ending> ended) {
    Write[] self = new Write[1];
    self[0] = new Write(name, deadline, effect, changes, ending -> {
      queue.remove(self[0]);
      Write next = queue.peek();
      if (next != null) {
        network.send(next);
      }
      ended.accept(ending);
    });
    queue.add(self[0]);
    if (queue.size() == 1) {
      network.send(self[0]);
    }
  }

  private CompletableFuture<StoreResult> write(
      String name, DocumentName document, Instant deadline, Runnable effect) {
    CompletableFuture<StoreResult> result = new CompletableFuture<>();
    write(name, deadline, effect, () -> true, ending -> result.complete(switch (ending) {
      case DONE -> new StoreResult.Applied(new Receipt(StoreKind.VECTOR, document.memory(), document.op(), 1));
      case REFUSED -> new StoreResult.NotApplied(new SimulatedFailure("the cluster refused a " + name));
      case IN_DOUBT -> new StoreResult.InDoubt(new SimulatedFailure("the cluster did not answer"));
    }));
    return result;
  }

  private CompletableFuture<Void> write(String name, Runnable effect, BooleanSupplier changes) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    write(name, null, effect, changes, ending -> {
      if (ending == Ending.DONE) {
        result.complete(null);
      } else {
        result.completeExceptionally(new SimulatedFailure("the cluster did not confirm a " + name));
      }
    });
    return result;
  }

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    DocumentName name = document.name();
    lastPut = name;
    return write("put", name, deadline, () -> cluster.put(name));
  }

  /** A check has no effect, so it needs no request here. */
  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    return CompletableFuture.completedFuture(
        new StoreResult.Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), 1)));
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    DocumentName kept = lastPut;
    return write("removal", () -> {
      if (without.contains(Rule.REMOVES_BY_NAME)) {
        cluster.documents().stream().filter(document -> !document.equals(kept) || document.equals(name)).toList()
            .forEach(cluster::remove);
      } else {
        cluster.remove(name);
      }
    }, () -> cluster.documents().contains(name));
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    throw new UnsupportedOperationException("it would remove what other processes have put");
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    throw new UnsupportedOperationException("it would remove what other processes have put");
  }

  @Override
  public CompletableFuture<Void> recordCheckpoint(String checkpoint) {
    return write("checkpoint", () -> cluster.record(checkpoint),
        () -> !checkpoint.equals(cluster.checkpoint()));
  }

  @Override
  public CompletableFuture<@Nullable String> lastCheckpoint() {
    return network.read("checkpoint", cluster::checkpoint, text -> text == null ? 0 : text.hashCode());
  }

  @Override
  public CompletableFuture<String> end() {
    return network.read("end of the arrivals", () -> Integer.toString(cluster.arrivals().size()), String::hashCode);
  }

  @Override
  public CompletableFuture<Arrivals> arrivals(@Nullable String after, String until, int limit) {
    if (without.contains(Rule.KEEPER_READS_ARRIVALS)) {
      return CompletableFuture.completedFuture(new Arrivals(List.of(), until, false));
    }
    int from = after == null ? 0 : Integer.parseInt(after);
    int to = Integer.parseInt(until);
    return network.read("arrivals",
        () -> new Arrivals(cluster.arrivals().subList(from, to).stream().filter(cluster.documents()::contains).toList(),
            until, false),
        page -> page.documents().hashCode());
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    return network.read("documents",
        () -> cluster.documents().stream().filter(name -> memories.contains(name.memory())).toList(),
        names -> SimulatedProcess.digest(Set.copyOf(names)));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    return network.read("all documents",
        () -> cluster.documents().stream().filter(name -> after == null || name.memory().compareTo(after) > 0).toList(),
        names -> SimulatedProcess.digest(Set.copyOf(names)));
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
  public @Nullable StoreException failure() {
    return null;
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    throw new UnsupportedOperationException("searches are simulated apart");
  }

  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    throw new UnsupportedOperationException("searches are simulated apart");
  }

  @Override
  public CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents) {
    throw new UnsupportedOperationException("no explored call searches the past");
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
    throw new UnsupportedOperationException("no explored call clears the index");
  }

  @Override
  public IndexSummary summary() {
    return new IndexSummary("simulated", 1, cluster.documents().size(), 1, 0);
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
