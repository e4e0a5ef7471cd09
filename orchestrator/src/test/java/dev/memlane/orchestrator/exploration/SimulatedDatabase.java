package dev.memlane.orchestrator.exploration;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.LogPage;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.PastState;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The two tables of the database that all simulated processes share, and the statements on them.
 *
 * <p>
 * Each method is one statement and does what its SQL does. The statements of one unit run one after the other with
 * nothing in between: that is the transaction. A statement whose result is a version returns null where the SQL returns
 * no row. A rule that is left out changes the statement that keeps it. Not safe for use by several threads.
 */
final class SimulatedDatabase {

  /** One row of the log. */
  record Logged(HistoryEntry entry, boolean isVoid) {}

  private final Set<Rule> without;
  private final Map<MemoryId, CoreRow> rows = new TreeMap<>();
  private final Map<OperationId, Logged> log = new LinkedHashMap<>();
  private final Map<MemoryId, Integer> changed = new HashMap<>();
  private final Set<UUID> proofs = new HashSet<>();
  /** The number of the last change of each entry. */
  private final Map<OperationId, Integer> touched = new HashMap<>();
  /** What a tombstone keeps, by the operation that made it. */
  private final Map<OperationId, ArchivedRow.Tombstone> tombstones = new HashMap<>();
  /** The scopes of the memories. In core a tombstone keeps its own. */
  private final Map<MemoryId, Scope> scopes = new HashMap<>();
  private final Set<OperationId> erased = new HashSet<>();
  private int changes;

  SimulatedDatabase(Set<Rule> without) {
    this.without = without;
  }

  private boolean with(Rule rule) {
    return !without.contains(rule);
  }

  // ---- core ----------------------------------------------------------------------------------------------------------

  @Nullable
  Integer write(Operation operation) {
    CoreRow row = rows.get(operation.memory());
    Memory after = operation.after();
    if (!isExpected(row, operation)
        || after != null && operation.unique() && isTaken(operation.memory(), after.scope(), after.content())) {
      return null;
    }
    if (after != null && after.content().indexOf('\0') >= 0) {
      throw new SimulatedFailure("a text can't hold a NUL character");
    }
    CoreRow.State state = after == null ? CoreRow.State.DELETED : CoreRow.State.LIVE;
    Memory old = row == null ? null : row.memory();
    if (after == null && old != null) {
      tombstones.put(operation.op(), new ArchivedRow.Tombstone(old.id(), operation.version(), operation.op(),
          old.scope(), old.createdAt(), operation.at()));
    }
    put(new CoreRow(operation.memory(), state, operation.version(), operation.op(), operation.op().value(), after,
        operation.embedding(), operation.unique() && after != null));
    return operation.version();
  }

  private boolean isTaken(MemoryId except, Scope scope, String content) {
    CoreRow holder = findUnique(scope, content);
    return holder != null && !holder.id().equals(except);
  }

  /** The live row of exactly this scope that holds this content as unique, or null. */
  @Nullable
  CoreRow findUnique(Scope scope, String content) {
    for (CoreRow row : rows.values()) {
      Memory memory = row.memory();
      if (memory != null && row.unique() && memory.scope().equals(scope) && memory.content().equals(content)) {
        return row;
      }
    }
    return null;
  }

  @Nullable
  Integer restore(OperationId unit, ArchivedRow archived, @Nullable UUID expected) {
    CoreRow there = rows.get(archived.id());
    boolean asExpected = there == null
        ? expected == null
        : there.state() == CoreRow.State.VOID && there.stamp().equals(expected);
    if (!asExpected || archived instanceof ArchivedRow.Live live && live.unique()
        && isTaken(live.id(), live.memory().scope(), live.memory().content())) {
      return null;
    }
    put(switch (archived) {
      case ArchivedRow.Live live -> new CoreRow(live.id(), CoreRow.State.LIVE, live.version(), live.op(), unit.value(),
          live.memory(), live.embedding(), live.unique());
      case ArchivedRow.Tombstone tombstone -> {
        tombstones.put(tombstone.op(), tombstone);
        if (tombstone.scope() != null) {
          scopes.put(tombstone.id(), tombstone.scope());
        }
        yield new CoreRow(tombstone.id(), CoreRow.State.DELETED, tombstone.version(), tombstone.op(), unit.value(),
            null, null);
      }
    });
    return archived.version();
  }

  /** The non-void rows in their archived form, in order of id. */
  List<ArchivedRow> archive() {
    return rows.values().stream().filter(row -> row.state() != CoreRow.State.VOID).map(this::archived).toList();
  }

  private ArchivedRow archived(CoreRow row) {
    Memory memory = row.memory();
    return memory == null
        ? Objects.requireNonNull(tombstones.get(row.op()))
        : new ArchivedRow.Live(memory, row.embedding(), row.unique());
  }

  @Nullable
  Integer sweep(MemoryId memory, UUID stamp) {
    CoreRow row = rows.get(memory);
    if (row == null || row.state() == CoreRow.State.LIVE || !row.stamp().equals(stamp)) {
      return null;
    }
    rows.remove(memory);
    return 0;
  }

  int sweepLog(MemoryId memory) {
    if (!rows.containsKey(memory)) {
      log.values().removeIf(logged -> logged.entry.memory().equals(memory));
    }
    return 0;
  }

  int sweepVoid(Instant before, int limit) {
    List<OperationId> swept = log.values().stream().filter(logged -> logged.isVoid)
        .filter(logged -> logged.entry.at().isBefore(before)).map(logged -> logged.entry.op()).limit(limit).toList();
    swept.forEach(log::remove);
    return swept.size();
  }

  @Nullable
  Integer purge(MemoryId memory, UUID expected, UUID stamp) {
    CoreRow row = rows.get(memory);
    boolean found = row != null && row.state() == CoreRow.State.DELETED
        && row.stamp().equals(expected);
    if (row == null || !found) {
      return null;
    }
    put(new CoreRow(memory, row.state(), row.version(), row.op(), stamp, null, null));
    return row.version();
  }

  /** If core's part left this stamp, removes the memory's entries except the delete's, which loses its content. */
  @Nullable
  Integer purgeLog(MemoryId memory, UUID stamp) {
    CoreRow row = rows.get(memory);
    if (row == null || !row.stamp().equals(stamp)) {
      return null;
    }
    for (Logged logged : List.copyOf(log.values())) {
      HistoryEntry entry = logged.entry;
      if (entry.memory().equals(memory) && !entry.op().equals(row.op())) {
        log.remove(entry.op());
        if (!logged.isVoid) {
          erased.add(entry.op());
        }
      }
    }
    Logged deleted = log.get(row.op());
    if (deleted != null) {
      log.put(row.op(),
          new Logged(new HistoryEntry(memory, row.op(), row.version(), HistoryEntry.Kind.ERASE, null, null,
              null, null, null, deleted.entry.at()), deleted.isVoid));
    }
    touch(memory, row.op());
    return row.version();
  }

  private void touch(MemoryId memory, OperationId op) {
    changed.put(memory, ++changes);
    touched.put(op, changes);
  }

  /** The tombstones of which the log holds more than the entry of their erasure. */
  List<CoreRow> unpurged(Scope scope) {
    return rows().stream().filter(row -> row.state() == CoreRow.State.DELETED)
        .filter(row -> scope.matches(Objects.requireNonNull(scopes.get(row.id()), "every tombstone has a scope")))
        .filter(row -> log.values().stream().map(Logged::entry).anyMatch(entry -> entry.memory().equals(row.id())
            && (!entry.op().equals(row.op()) || entry.kind() != HistoryEntry.Kind.ERASE)))
        .toList();
  }

  /** Whether any entry holds more than what was done and when. */
  boolean logHoldsContent() {
    return log.values().stream().map(Logged::entry).anyMatch(entry -> entry.oldContent() != null
        || entry.newContent() != null || entry.oldMetadata() != null || entry.newMetadata() != null
        || entry.actor() != null);
  }

  /** Whether the operation landed and its entry has been erased since. */
  boolean isErased(OperationId op) {
    return erased.contains(op);
  }

  private boolean isExpected(@Nullable CoreRow row, Operation operation) {
    CoreRow before = operation.before();
    if (before == null || row == null) {
      return before == null && row == null;
    }
    boolean byVersion = !with(Rule.STAMP) && operation.kind() != Operation.Kind.ADD;
    return byVersion
        ? row.state() == before.state() && row.version() == before.version()
        : row.stamp().equals(before.stamp());
  }

  @Nullable
  Integer undo(Operation operation, UUID stamp) {
    CoreRow row = rows.get(operation.memory());
    boolean stands = row != null && (with(Rule.UNDO_BY_STAMP)
        ? row.stamp().equals(operation.op().value())
        : row.op().equals(operation.op()) && row.state() != CoreRow.State.VOID);
    if (!stands) {
      return null;
    }
    CoreRow before = operation.before();
    if (operation.kind() == Operation.Kind.ADD && !with(Rule.VOID_ROW)) {
      rows.remove(operation.memory());
      return 0;
    }
    if (before == null) {
      put(new CoreRow(operation.memory(), CoreRow.State.VOID, 0, operation.op(), stamp, null, null));
      return 0;
    }
    put(new CoreRow(before.id(), before.state(), before.version(), before.op(), stampLeft(operation, stamp),
        before.memory(), before.embedding(), before.unique()));
    return before.version();
  }

  /** The stamp that an undo leaves in the row. */
  private UUID stampLeft(Operation operation, UUID fresh) {
    CoreRow before = operation.before();
    boolean stale = !with(Rule.FRESH_STAMP) && before != null && before.state() != CoreRow.State.VOID;
    return stale && before != null ? before.op().value() : fresh;
  }

  int fence(Operation operation, UUID stamp) {
    UUID expected = operation.expectedStamp();
    if (!with(Rule.FENCE)) {
      return 0;
    }
    if (expected != null) {
      stamp(operation.memory(), expected, stamp);
    } else if (!rows.containsKey(operation.memory())) {
      put(new CoreRow(operation.memory(), CoreRow.State.VOID, 0, operation.op(), stamp, null, null));
    }
    return 0;
  }

  int fenceAll(MemoryId memory, OperationId op, UUID stamp) {
    CoreRow row = rows.get(memory);
    if (!with(Rule.ASKING_FENCES)) {
      return 0;
    }
    if (row == null) {
      put(new CoreRow(memory, CoreRow.State.VOID, 0, op, stamp, null, null));
    } else {
      stamp(memory, row.stamp(), stamp);
    }
    return 0;
  }

  @Nullable
  Integer confirm(MemoryId memory, OperationId op, UUID stamp) {
    if (with(Rule.CONFIRM)) {
      stamp(memory, op.value(), stamp);
    }
    CoreRow row = rows.get(memory);
    return row == null || row.state() == CoreRow.State.VOID || !row.op().equals(op)
        ? null
        : Integer.valueOf(row.version());
  }

  private void stamp(MemoryId memory, UUID expected, UUID stamp) {
    CoreRow row = rows.get(memory);
    if (row != null && row.stamp().equals(expected)) {
      put(new CoreRow(row.id(), row.state(), row.version(), row.op(), stamp, row.memory(), row.embedding(),
          row.unique()));
    }
  }

  void saveVector(MemoryId memory, OperationId op, Embedding embedding) {
    CoreRow row = rows.get(memory);
    if (row != null && row.state() == CoreRow.State.LIVE && row.op().equals(op) && row.embedding() == null) {
      put(new CoreRow(row.id(), row.state(), row.version(), row.op(), row.stamp(), row.memory(), embedding,
          row.unique()));
    }
  }

  void put(CoreRow row) {
    Memory memory = row.memory();
    if (memory != null) {
      scopes.put(row.id(), memory.scope());
    }
    rows.put(row.id(), row);
  }

  @Nullable
  CoreRow row(MemoryId memory) {
    return rows.get(memory);
  }

  /** The scopes of the rows among these ids that have one. */
  Map<MemoryId, Scope> scopesOf(Collection<MemoryId> ids) {
    Map<MemoryId, Scope> found = new HashMap<>(scopes);
    found.keySet().retainAll(ids);
    found.keySet().retainAll(rows.keySet());
    return found;
  }

  /** All rows in order of id. */
  List<CoreRow> rows() {
    return List.copyOf(rows.values());
  }

  // ---- history -------------------------------------------------------------------------------------------------------

  @Nullable
  Integer log(Operation operation) {
    CoreRow row = rows.get(operation.memory());
    if (row == null || !row.stamp().equals(operation.op().value())) {
      return null;
    }
    CoreRow before = operation.before();
    Memory old = before == null ? null : before.memory();
    Memory after = operation.after();
    Details oldDetails = old == null || after == null ? null : Details.of(old);
    Details newDetails = old == null || after == null ? null : Details.of(after);
    boolean detailed = !Objects.equals(oldDetails, newDetails);
    log.put(operation.op(), new Logged(new HistoryEntry(operation.memory(), operation.op(), row.version(),
        operation.kind().entry(), old == null ? null : old.content(),
        after == null ? null : after.content(),
        old == null ? null : old.metadata(), after == null ? null : after.metadata(),
        detailed ? oldDetails : null, detailed ? newDetails : null, operation.actor(), operation.at()),
        false));
    touch(operation.memory(), operation.op());
    return row.version();
  }

  /** If core's part restored the memory, writes its entries. */
  @Nullable
  Integer relog(MemoryId memory, OperationId unit, List<HistoryEntry> entries) {
    CoreRow row = rows.get(memory);
    if (row == null || !row.stamp().equals(unit.value())) {
      return null;
    }
    for (HistoryEntry entry : entries) {
      log.put(entry.op(), new Logged(entry, false));
      touch(memory, entry.op());
    }
    return row.version();
  }

  /** If core's part undid the operation and left this stamp, makes its entry void. */
  @Nullable
  Integer unlog(Operation operation, UUID stamp) {
    CoreRow row = rows.get(operation.memory());
    Logged logged = log.get(operation.op());
    boolean undone = row == null
        ? !with(Rule.VOID_ROW)
        : row.stamp().equals(stampLeft(operation, stamp));
    if (!undone || logged == null) {
      return null;
    }
    HistoryEntry entry = logged.entry;
    log.put(operation.op(), new Logged(new HistoryEntry(entry.memory(), entry.op(), entry.version(), entry.kind(), null,
        null, null, null, null, entry.at()), true));
    touch(entry.memory(), entry.op());
    return entry.version();
  }

  @Nullable
  Integer look(MemoryId memory, OperationId op) {
    if (!with(Rule.LOOK_AT_HISTORY)) {
      CoreRow row = rows.get(memory);
      return row != null && row.op().equals(op) && row.state() != CoreRow.State.VOID
          ? Integer.valueOf(row.version())
          : null;
    }
    Logged logged = log.get(op);
    return logged == null || logged.isVoid ? null : Integer.valueOf(logged.entry.version());
  }

  boolean has(OperationId op) {
    return with(Rule.LOOK_AT_HISTORY)
        ? stands(op)
        : rows.values().stream().anyMatch(row -> row.op().equals(op) && row.state() != CoreRow.State.VOID);
  }

  /** Whether the operation's entry exists and is not void. */
  boolean stands(OperationId op) {
    Logged logged = log.get(op);
    return logged != null && !logged.isVoid;
  }

  /** The non-void entries, in the order in which they were written. */
  List<HistoryEntry> entries() {
    return log.values().stream().filter(logged -> !logged.isVoid).map(Logged::entry).toList();
  }

  /** The memory's state at a time, by its entries: walks from its first entry to its last and keeps the details at hand. */
  Optional<PastState> asOf(MemoryId memory, Instant at) {
    List<HistoryEntry> entries = entries().stream().filter(entry -> entry.memory().equals(memory))
        .sorted(Comparator.comparingInt(HistoryEntry::version)).toList();
    HistoryEntry found = entries.stream().filter(entry -> !entry.at().isAfter(at)).reduce((one, other) -> other)
        .orElse(null);
    if (found == null) {
      return Optional.empty();
    }
    Details details = null;
    boolean deletedSince = false;
    for (HistoryEntry entry : entries) {
      boolean later = entry.version() > found.version();
      if (!later) {
        details = entry.kind().leavesMemory() && entry.newDetails() == null ? details : entry.newDetails();
      } else if (!deletedSince && details == null) {
        details = entry.oldDetails();
      }
      deletedSince |= later && !entry.kind().leavesMemory();
    }
    return Optional.of(new PastState(found, details, deletedSince, entries.getLast().op()));
  }

  /** The state of each memory by its newest non-void entry, in order of id. */
  List<Head> newest() {
    Map<MemoryId, HistoryEntry> newest = new TreeMap<>();
    entries().forEach(
        entry -> newest.merge(entry.memory(), entry, (one, other) -> one.version() > other.version() ? one : other));
    return newest.values().stream().map(entry -> new Head(entry.memory(), entry.op(), entry.version(),
        entry.kind().leavesMemory())).toList();
  }

  boolean leaveProof(UUID proof) {
    return proofs.add(proof);
  }

  boolean hasProof(UUID proof) {
    return proofs.contains(proof);
  }

  /** The number of changes of the log so far. */
  int changes() {
    return changes;
  }

  /**
   * The changes after a position, each at a position of its own.
   *
   * @param after negative for the end
   */
  LogPage logPage(int after, int limit) {
    if (after < 0) {
      return new LogPage(List.of(), Integer.toString(changes), false);
    }
    List<Map.Entry<OperationId, Integer>> found = touched.entrySet().stream()
        .filter(each -> each.getValue() > after && log.containsKey(each.getKey()))
        .sorted(Map.Entry.comparingByValue()).limit(limit).toList();
    boolean full = found.size() == limit;
    return new LogPage(found.stream().map(each -> change(Objects.requireNonNull(log.get(each.getKey())))).toList(),
        Integer.toString(full ? found.getLast().getValue() : changes), full);
  }

  private static MemoryChange change(Logged logged) {
    HistoryEntry entry = logged.entry;
    return new MemoryChange(entry.memory(), entry.op(), logged.isVoid
        ? MemoryChange.Kind.UNDO
        : MemoryChange.Kind.valueOf(entry.kind().name()), entry.version(), entry.at(), null);
  }

  /** The memories whose log has changed since the position, each with all operations that changed it. */
  ChangeFeed.Changes changesSince(int position) {
    return changesSince(position, false);
  }

  /**
   * The memories whose log has changed since the position.
   *
   * @param lastOnly whether to report only the last operation of each memory
   */
  ChangeFeed.Changes changesSince(int position, boolean lastOnly) {
    Map<MemoryId, Set<OperationId>> found = new HashMap<>();
    changed.forEach((memory, at) -> {
      if (at > position) {
        found.put(memory, new HashSet<>());
      }
    });
    touched.entrySet().stream().filter(each -> each.getValue() > position).sorted(Map.Entry.comparingByValue())
        .forEach(each -> {
          Logged logged = log.get(each.getKey());
          if (logged != null) {
            Set<OperationId> operations = found.computeIfAbsent(logged.entry.memory(), memory -> new HashSet<>());
            if (lastOnly) {
              operations.clear();
            }
            operations.add(each.getKey());
          }
        });
    Set<MemoryId> erasedOnes = entries().stream().filter(entry -> entry.kind() == HistoryEntry.Kind.ERASE)
        .map(HistoryEntry::memory).filter(found::containsKey).collect(Collectors.toSet());
    return new ChangeFeed.Changes(found, erasedOnes, false);
  }

  /** Whether these statements would change the tables now. The tables stay as they are. */
  boolean wouldChange(Runnable statements) {
    long before = digest();
    Map<MemoryId, CoreRow> rowsBefore = Map.copyOf(rows);
    Map<OperationId, Logged> logBefore = new LinkedHashMap<>(log);
    Map<MemoryId, Integer> changedBefore = Map.copyOf(changed);
    Map<OperationId, Integer> touchedBefore = Map.copyOf(touched);
    Set<OperationId> erasedBefore = Set.copyOf(erased);
    int changesBefore = changes;
    statements.run();
    boolean changes = digest() != before;
    rows.clear();
    rows.putAll(rowsBefore);
    log.clear();
    log.putAll(logBefore);
    changed.clear();
    changed.putAll(changedBefore);
    touched.clear();
    touched.putAll(touchedBefore);
    erased.clear();
    erased.addAll(erasedBefore);
    this.changes = changesBefore;
    return changes;
  }

  /** Adds a memory that exists before the run. */
  void begin(CoreRow row, HistoryEntry entry) {
    put(row);
    log.put(entry.op(), new Logged(entry, false));
  }

  /** A digest of the tables. */
  long digest() {
    Digest digest = new Digest();
    rows.values().forEach(row -> digest(digest, row));
    for (Map.Entry<OperationId, Logged> logged : sorted().entrySet()) {
      digest.add(logged.getKey().value()).add(logged.getValue().isVoid ? 1 : 2)
          .add(logged.getValue().entry.version()).add(logged.getValue().entry.kind().name().hashCode());
    }
    return digest.value();
  }

  static void digest(Digest digest, CoreRow row) {
    digest.add(row.state().name().hashCode()).add(row.version()).add(row.op().value()).add(row.stamp());
  }

  private Map<OperationId, Logged> sorted() {
    Map<OperationId, Logged> sorted = new TreeMap<>((one, other) -> one.value().compareTo(other.value()));
    sorted.putAll(log);
    return sorted;
  }
}
