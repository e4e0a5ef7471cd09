package dev.memlane.orchestrator.exploration;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.LogPage;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.PastState;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The core and history stores of one simulated process, over the database that it shares with the others.
 *
 * <p>
 * They execute nothing themselves. They pass every unit and every read to a {@link Network}, which decides when it is
 * executed and what is answered.
 */
final class SimulatedStores {

  private static final long BYTES = 1_024;

  /** The connection to the server. */
  interface Network {

    /** Takes a unit whose parts have all joined. */
    void send(SimulatedUnit unit);

    /**
     * Takes a read.
     *
     * @param digest what distinguishes one answer from another
     */
    <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest);

    /**
     * Begins to follow the log.
     *
     * @param from the position up to which the log has been read
     */
    ChangeFeed follow(int from);

    /** Notes that a checkpoint has left its proof. */
    default void proofLeft() {
      // Only a process that leaves out a rule has to know.
    }
  }

  private final SimulatedDatabase database;
  private final Network network;
  private final Set<Rule> without;
  /** The rows that the follower read before it had the lock, where the rule to read them again is left out. */
  private @Nullable Map<MemoryId, CoreRow> stale;
  private final CoreStore core = new Core();
  private final HistoryStore history = new History();

  SimulatedStores(SimulatedDatabase database, Set<Rule> without, Network network) {
    this.without = without;
    this.database = database;
    this.network = network;
  }

  Units units() {
    return (kind, memory, op, deadline) -> new SimulatedUnit(kind, memory, op, deadline, network::send);
  }

  CoreStore core() {
    return core;
  }

  HistoryStore history() {
    return history;
  }

  private static CompletableFuture<StoreResult> join(
      Unit unit, Operation operation, StoreKind store, Supplier<@Nullable Integer> statement) {
    SimulatedUnit simulated = (SimulatedUnit) unit;
    simulated.actor(operation.actor());
    return simulated.join(store, statement);
  }

  private static Head head(CoreRow row) {
    return new Head(row.id(), row.op(), row.version(), row.state() == CoreRow.State.LIVE);
  }

  private static <T> List<T> page(
      Collection<T> all, Function<T, MemoryId> id, @Nullable MemoryId after, int limit) {
    return all.stream().filter(each -> after == null || id.apply(each).compareTo(after) > 0)
        .sorted(Comparator.comparing(id)).limit(limit).toList();
  }

  private static long digest(Collection<Head> heads) {
    Digest digest = new Digest();
    heads.forEach(head -> digest.add(head.memory().value()).add(head.op().value()).add(head.live() ? 1 : 0));
    return digest.value();
  }

  private final class Core implements CoreStore {

    @Override
    public CompletableFuture<StoreResult> write(Unit unit, Operation operation) {
      return join(unit, operation, StoreKind.CORE, () -> database.write(operation));
    }

    @Override
    public CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp) {
      return join(unit, operation, StoreKind.CORE, () -> database.undo(operation, stamp));
    }

    @Override
    public CompletableFuture<StoreResult> fence(Unit unit, Operation operation, UUID stamp) {
      return join(unit, operation, StoreKind.CORE, () -> database.fence(operation, stamp));
    }

    @Override
    public CompletableFuture<StoreResult> fenceAll(Unit unit, UUID stamp) {
      return ((SimulatedUnit) unit).join(StoreKind.CORE,
          () -> unit.kind() == Unit.Kind.FENCE && without.contains(Rule.FENCE_BEFORE_REMOVAL)
              ? Integer.valueOf(1)
              : database.fenceAll(unit.memory(), unit.op(), stamp));
    }

    @Override
    public CompletableFuture<StoreResult> confirm(Unit unit, UUID stamp) {
      return ((SimulatedUnit) unit).join(StoreKind.CORE, () -> database.confirm(unit.memory(), unit.op(), stamp));
    }

    @Override
    public CompletableFuture<Map<MemoryId, CoreRow>> read(Collection<MemoryId> ids, boolean vectors) {
      List<MemoryId> asked = List.copyOf(ids);
      return network.read("row", () -> {
        Map<MemoryId, CoreRow> old = stale;
        stale = null;
        if (vectors && old != null) {
          return old;
        }
        Map<MemoryId, CoreRow> found = new HashMap<>();
        for (MemoryId id : asked) {
          CoreRow row = database.row(id);
          if (row != null) {
            found.put(id, vectors ? row : withoutVector(row));
          }
        }
        return found;
      }, found -> {
        Digest digest = new Digest();
        asked.forEach(id -> {
          CoreRow row = found.get(id);
          if (row != null) {
            SimulatedDatabase.digest(digest, row);
          }
        });
        return digest.value();
      });
    }

    private static CoreRow withoutVector(CoreRow row) {
      return new CoreRow(row.id(), row.state(), row.version(), row.op(), row.stamp(), row.memory(), null, row.unique());
    }

    private Stream<Memory> visible(
        @Nullable Scope scope, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
      return visible(scope == null ? List.of() : List.of(scope), filter, unexpiredAt);
    }

    private Stream<Memory> visible(Collection<Scope> scopes, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
      return database.rows().stream().map(CoreRow::memory).filter(memory -> memory != null)
          .filter(memory -> memory.expiresAt() == null || unexpiredAt == null
              || memory.expiresAt().isAfter(unexpiredAt))
          .filter(memory -> scopes.isEmpty() || scopes.stream().anyMatch(scope -> scope.matches(memory.scope())))
          .filter(memory -> filter == null || filter.matches(memory));
    }

    @Override
    public CompletableFuture<Map<MemoryId, Memory>> find(
        Collection<MemoryId> ids, Collection<Scope> scopes, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
      List<MemoryId> asked = List.copyOf(ids);
      return network.read("memories", () -> {
        Map<MemoryId, Memory> found = new HashMap<>();
        visible(scopes, filter, unexpiredAt).filter(memory -> asked.contains(memory.id()))
            .forEach(memory -> found.put(memory.id(), memory));
        return found;
      }, found -> found.hashCode());
    }

    @Override
    public CompletableFuture<List<Memory>> list(
        @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
        @Nullable Instant unexpiredAt) {
      return network.read("list", () -> page(visible(scope, filter, unexpiredAt).toList(), Memory::id, after, limit),
          found -> found.hashCode());
    }

    @Override
    public CompletableFuture<List<Memory>> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
        @Nullable TimePosition after, int limit, @Nullable Instant unexpiredAt) {
      Comparator<TimePosition> positions = order == TimeOrder.OLDEST_FIRST
          ? Comparator.naturalOrder()
          : Comparator.reverseOrder();
      return network.read("list by time", () -> visible(scope, filter, unexpiredAt)
          .filter(memory -> after == null || positions.compare(TimePosition.of(memory), after) > 0)
          .sorted(Comparator.comparing(TimePosition::of, positions)).limit(limit).toList(), found -> found.hashCode());
    }

    @Override
    public CompletableFuture<Long> estimate() {
      return count(null, null, null);
    }

    @Override
    public CompletableFuture<Long> count(
        @Nullable Scope scope, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
      return network.read("count", () -> visible(scope, filter, unexpiredAt).count(), Long::longValue);
    }

    @Override
    public CompletableFuture<List<ScopeCount>> scopes(
        @Nullable String userPrefix, @Nullable Scope after, int limit, @Nullable Instant unexpiredAt) {
      return network.read("scopes", () -> visible((Scope) null, null, unexpiredAt).map(Memory::scope)
          .filter(scope -> userPrefix == null || scope.user() != null && scope.user().startsWith(userPrefix))
          .filter(scope -> after == null || scope.compareTo(after) > 0)
          .collect(Collectors.groupingBy(scope -> scope, TreeMap::new, Collectors.counting()))
          .entrySet().stream().limit(limit).map(each -> new ScopeCount(each.getKey(), each.getValue())).toList(),
          found -> found.hashCode());
    }

    @Override
    public CompletableFuture<Map<MemoryId, Scope>> scopesOf(Collection<MemoryId> ids) {
      List<MemoryId> asked = List.copyOf(ids);
      return network.read("scopes of memories", () -> database.scopesOf(asked), found -> found.hashCode());
    }

    @Override
    public CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit) {
      if (without.contains(Rule.OPENING_COMPARES)) {
        return CompletableFuture.completedFuture(List.of());
      }
      return network.read("heads", () -> page(database.rows().stream()
          .filter(row -> row.state() != CoreRow.State.VOID)
          .map(SimulatedStores::head).toList(), Head::memory, after, limit), SimulatedStores::digest);
    }

    @Override
    public CompletableFuture<List<Head>> heads(Collection<MemoryId> ids) {
      List<MemoryId> asked = List.copyOf(ids);
      return network.read("heads of what changed", () -> {
        if (without.contains(Rule.POLL_IDS_ONLY)) {
          stale = new HashMap<>();
          for (CoreRow row : database.rows()) {
            stale.put(row.id(), row);
          }
        }
        return database.rows().stream().filter(row -> asked.contains(row.id()))
            .filter(row -> row.state() != CoreRow.State.VOID).map(SimulatedStores::head).toList();
      }, SimulatedStores::digest);
    }

    @Override
    public CompletableFuture<StoreResult> sweep(Unit unit, UUID stamp) {
      return ((SimulatedUnit) unit).join(StoreKind.CORE, () -> database.sweep(unit.memory(), stamp));
    }

    @Override
    public CompletableFuture<StoreResult> restore(Unit unit, ArchivedRow row, @Nullable UUID expected) {
      return ((SimulatedUnit) unit).join(StoreKind.CORE, () -> database.restore(unit.op(), row, expected));
    }

    @Override
    public CompletableFuture<List<ArchivedRow>> archive(
        @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
      return network.read("archive", () -> page(database.archive().stream().filter(row -> isIn(scope, row)).toList(),
          ArchivedRow::id, after, limit).stream().map(row -> vectors ? row : withoutVector(row)).toList(),
          Collection::size);
    }

    @Override
    public CompletableFuture<StoreResult> purge(Unit unit, UUID expected, UUID stamp) {
      return ((SimulatedUnit) unit).join(StoreKind.CORE, () -> database.purge(unit.memory(), expected, stamp));
    }

    @Override
    public CompletableFuture<List<CoreRow>> unpurged(Scope scope, @Nullable MemoryId after, int limit) {
      return network.read("what to purge", () -> page(database.unpurged(scope), CoreRow::id, after, limit),
          Collection::size);
    }

    @Override
    public CompletableFuture<List<ArchivedRow>> archive(Collection<MemoryId> ids, boolean vectors) {
      List<MemoryId> asked = List.copyOf(ids);
      return network.read("archived rows", () -> database.archive().stream().filter(row -> asked.contains(row.id()))
          .map(row -> vectors ? row : withoutVector(row)).toList(), Collection::size);
    }

    private static boolean isIn(@Nullable Scope scope, ArchivedRow row) {
      Scope stored = switch (row) {
        case ArchivedRow.Live live -> live.memory().scope();
        case ArchivedRow.Tombstone tombstone -> tombstone.scope();
      };
      return scope == null || stored != null && scope.matches(stored);
    }

    private static ArchivedRow withoutVector(ArchivedRow row) {
      return row instanceof ArchivedRow.Live live ? new ArchivedRow.Live(live.memory(), null, live.unique()) : row;
    }

    @Override
    public CompletableFuture<List<CoreRow>> sweepable(Instant before, int limit) {
      return network.read("what a sweep may remove", () -> database.rows().stream()
          .filter(row -> row.state() != CoreRow.State.LIVE).limit(limit).toList(), Collection::size);
    }

    @Override
    public CompletableFuture<List<CoreRow>> expired(Instant before, int limit) {
      return network.read("what has expired", () -> database.rows().stream()
          .filter(row -> expiresAt(row).isBefore(before)).sorted(Comparator.comparing(Core::expiresAt)).limit(limit)
          .toList(), Collection::size);
    }

    private static Instant expiresAt(CoreRow row) {
      Memory memory = row.memory();
      Instant time = memory == null ? null : memory.expiresAt();
      return time == null ? Instant.MAX : time;
    }

    @Override
    public CompletableFuture<Optional<CoreRow>> findUnique(Scope scope, String content) {
      return network.read("holder of a content",
          () -> Optional.ofNullable(database.findUnique(scope, content)).map(Core::withoutVector),
          found -> found.isPresent() ? 1 : 0);
    }

    @Override
    public CompletableFuture<Void> saveVector(DocumentName name, Embedding embedding) {
      return network.read("vector to keep", () -> {
        database.saveVector(name.memory(), name.op(), embedding);
        return true;
      }, done -> 0).thenAccept(done -> {});
    }

    @Override
    public CompletableFuture<Long> bytes() {
      return CompletableFuture.completedFuture(BYTES);
    }
  }

  private final class History implements HistoryStore {

    @Override
    public CompletableFuture<StoreResult> write(Unit unit, Operation operation) {
      return join(unit, operation, StoreKind.HISTORY, () -> database.log(operation));
    }

    @Override
    public CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp) {
      return join(unit, operation, StoreKind.HISTORY, () -> database.unlog(operation, stamp));
    }

    @Override
    public CompletableFuture<StoreResult> look(Unit unit) {
      return ((SimulatedUnit) unit).join(StoreKind.HISTORY, () -> database.look(unit.memory(), unit.op()));
    }

    @Override
    public CompletableFuture<StoreResult> sweep(Unit unit) {
      return ((SimulatedUnit) unit).join(StoreKind.HISTORY, () -> database.sweepLog(unit.memory()));
    }

    @Override
    public CompletableFuture<StoreResult> restore(Unit unit, List<HistoryEntry> entries) {
      return ((SimulatedUnit) unit).join(StoreKind.HISTORY, () -> database.relog(unit.memory(), unit.op(), entries));
    }

    @Override
    public CompletableFuture<List<HistoryEntry>> entries(Collection<MemoryId> memories, int limit) {
      List<MemoryId> asked = List.copyOf(memories);
      return network.read("entries of several", () -> database.entries().stream()
          .filter(entry -> asked.contains(entry.memory()))
          .sorted(Comparator.comparing(HistoryEntry::memory).thenComparingInt(HistoryEntry::version)).limit(limit)
          .toList(), found -> found.hashCode());
    }

    @Override
    public CompletableFuture<StoreResult> purge(Unit unit, UUID stamp) {
      return ((SimulatedUnit) unit).join(StoreKind.HISTORY, () -> database.purgeLog(unit.memory(), stamp));
    }

    /** Answered at once: only the files of an index depend on it, and this index has none. */
    @Override
    public CompletableFuture<List<MemoryId>> erased(@Nullable MemoryId after, int limit) {
      return CompletableFuture.completedFuture(page(database.entries().stream()
          .filter(entry -> entry.kind() == HistoryEntry.Kind.ERASE).map(HistoryEntry::memory).distinct().toList(),
          id -> id, after, limit));
    }

    @Override
    public CompletableFuture<Integer> sweepVoid(Instant before, int limit) {
      return network.read("void entries", () -> database.sweepVoid(before, limit), Integer::longValue);
    }

    @Override
    public CompletableFuture<ChangeFeed> follow() {
      return network.read("end of the log", database::changes, position -> 0).thenApply(network::follow);
    }

    @Override
    public CompletableFuture<LogPage> changes(@Nullable String after, int limit) {
      int from;
      try {
        from = after == null ? -1 : after.isEmpty() ? 0 : Integer.parseUnsignedInt(after);
      } catch (NumberFormatException e) {
        return CompletableFuture.failedFuture(new InvalidInputException("no position: " + after, e));
      }
      return network.read("changes", () -> {
        LogPage page = database.logPage(from, limit);
        return without.contains(Rule.KEEPER_READS_LOG) ? new LogPage(List.of(), page.next(), false) : page;
      }, page -> page.hashCode());
    }

    @Override
    public CompletableFuture<Void> leaveProof(UUID holder, UUID proof) {
      return network.read("leaving a proof", () -> database.leaveProof(proof), left -> 1)
          .thenAccept(left -> network.proofLeft());
    }

    @Override
    public CompletableFuture<Boolean> hasProof(UUID proof) {
      return network.read("proof", () -> database.hasProof(proof), found -> found ? 1 : 0);
    }

    /** Nothing rests on a lease, so everybody has it here. */
    @Override
    public CompletableFuture<Boolean> holdLease(String name, UUID holder, Duration length) {
      return CompletableFuture.completedFuture(true);
    }

    @Override
    public CompletableFuture<Boolean> has(OperationId op) {
      return network.read("entry", () -> database.has(op), found -> found ? 1 : 0);
    }

    @Override
    public CompletableFuture<List<HistoryEntry>> entries(MemoryId memory, int afterVersion, int limit) {
      return network.read("entries", () -> database.entries().stream()
          .filter(entry -> entry.memory().equals(memory) && entry.version() > afterVersion)
          .sorted(Comparator.comparingInt(HistoryEntry::version)).limit(limit).toList(), found -> found.hashCode());
    }

    @Override
    public CompletableFuture<List<HistoryEntry>> newest(MemoryId memory, @Nullable Integer beforeVersion, int limit) {
      return network.read("newest entries of one", () -> database.entries().stream()
          .filter(entry -> entry.memory().equals(memory) && (beforeVersion == null || entry.version() < beforeVersion))
          .sorted(Comparator.comparingInt(HistoryEntry::version).reversed()).limit(limit).toList(),
          found -> found.hashCode());
    }

    @Override
    public CompletableFuture<Map<MemoryId, PastState>> asOf(Collection<MemoryId> memories, Instant at) {
      return network.read("states as of a time", () -> {
        Map<MemoryId, PastState> states = new HashMap<>();
        memories.forEach(memory -> database.asOf(memory, at).ifPresent(state -> states.put(memory, state)));
        return states;
      }, found -> found.hashCode());
    }

    @Override
    public CompletableFuture<Long> count(@Nullable MemoryId memory) {
      return network.read("number of entries", () -> database.entries().stream()
          .filter(entry -> memory == null || entry.memory().equals(memory)).count(), Long::longValue);
    }

    @Override
    public CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit) {
      return network.read("newest entries", () -> page(database.newest(), Head::memory, after, limit),
          SimulatedStores::digest);
    }

    @Override
    public CompletableFuture<Long> bytes() {
      return CompletableFuture.completedFuture(BYTES);
    }
  }
}
