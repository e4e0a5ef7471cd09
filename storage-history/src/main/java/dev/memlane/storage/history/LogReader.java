package dev.memlane.storage.history;

import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.LogPage;
import dev.memlane.storage.history.LogPosition.Anchor;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * Reads the changes of the table {@code history} after a {@link LogPosition}, in order of the transactions that made them.
 *
 * <p>
 * <b>Exact.</b> An entry records the transaction that wrote, voided or erased it last. Let {@code top} be the latest such
 * transaction that a snapshot sees. What the snapshot does not see yet has a later transaction, or one that is in progress in
 * it. So the position after everything that the snapshot sees is: {@code end = top + 1}, and as pending those in progress
 * before it. The statement that reads the entries also takes the snapshot, so nothing can be committed in between.
 *
 * <p>
 * <b>Pages.</b> Pending transactions come first, because they are before {@code end}; then all from {@code end} on. A full page
 * ends in the middle of a transaction, at its last entry: the next page begins there. All entries before it that are missing
 * belong to transactions that are in progress in the page's snapshot. A pending transaction that ends a page moves the position
 * back to itself, and what came after it is reported again.
 *
 * <p>
 * <b>Crashes.</b> After a crash the server gives transaction ids again, but none up to the latest one that it has recovered. A
 * position counts on no others: {@code end} follows a transaction whose entry was visible, so it was committed, and the server
 * makes commits durable before it makes them visible. A feed may count on the end of its snapshot; a position that did so would
 * take the transactions of the next run for ones that it has reported.
 *
 * <p>
 * <b>Losses.</b> A server that confirms commits early, a standby that lacked some when it took over, and a backup lose
 * transactions that were visible. Therefore a position carries anchors, which are the latest entries that it has seen. If the
 * run of the server is another one, the first anchor that is still there, unchanged, proves that its transaction is not lost
 * and that all new ones are later. Everything from there on is reported again, if it is not the latest one. If none is there,
 * the position has expired. That also happens, rarely, when all of them were erased, undone or swept and the server was
 * restarted.
 */
final class LogReader {

  private static final String COLUMNS = "xid, memory_id, version, op, kind, at, void";
  private static final String ORDER = " order by xid, memory_id, version, op";
  /** The run of the server: the crash of any of its processes resets the statistics. */
  private static final String RUN = "extract(epoch from pg_postmaster_start_time())::text || ' ' || "
      + "coalesce((select extract(epoch from stats_reset) from pg_stat_archiver), 0)::text";
  private static final String LOG = "(select system_identifier from pg_control_system())::text || ' ' || "
      + "(select oid from pg_database where datname = current_database())::text || ' ' || 'history'::regclass::oid::text";

  private LogReader() {}

  /** An entry in the order of reading. */
  private record Entry(long transaction, MemoryId memory, int version, OperationId op, MemoryChange change) {

    Anchor anchor() {
      return new Anchor(transaction, LogPosition.hash(op));
    }
  }

  /** What one statement has read. */
  private record Answer(Snapshot snapshot, long log, long run, List<Anchor> latest, List<Entry> entries) {}

  /**
   * Reads a page.
   *
   * @param from null for the end of the log
   * @return empty if the position has expired
   */
  static Optional<LogPage> read(Handle handle, @Nullable LogPosition from, int limit) {
    Answer answer = answer(handle, from == null ? LogPosition.BEGINNING : from, from == null ? 0 : limit);
    if (from == null) {
      return Optional.of(new LogPage(List.of(), atEnd(answer).write(), false));
    }
    boolean elsewhere = from.end() > 0 && from.log() != answer.log;
    if (elsewhere) {
      return Optional.empty();
    }
    if (from.end() > 0 && from.run() != answer.run) {
      Optional<Anchor> kept = firstKept(handle, from.anchors());
      if (kept.isEmpty()) {
        return Optional.empty();
      }
      if (!kept.get().equals(from.anchors().getFirst())) {
        return Optional.of(page(answer(handle, from.from(kept.get()), limit), limit));
      }
    }
    return Optional.of(page(answer, limit));
  }

  private static LogPage page(Answer answer, int limit) {
    boolean full = answer.entries.size() == limit;
    LogPosition next = full ? after(answer) : atEnd(answer);
    return new LogPage(answer.entries.stream().map(Entry::change).toList(), next.write(), full);
  }

  /** The position after everything that the answer's snapshot sees. */
  private static LogPosition atEnd(Answer answer) {
    return answer.latest.isEmpty()
        ? LogPosition.BEGINNING
        : LogPosition.of(answer.log, answer.run, answer.latest.getFirst().transaction() + 1, null, answer.latest,
            answer.snapshot.inProgress().stream().mapToLong(Long::parseLong));
  }

  /** The position after the answer's last entry. */
  private static LogPosition after(Answer answer) {
    List<Entry> entries = answer.entries;
    Entry last = entries.getLast();
    List<Anchor> anchors = entries.subList(Math.max(0, entries.size() - LogPosition.MOST_ANCHORS), entries.size())
        .reversed().stream().map(Entry::anchor).toList();
    return LogPosition.of(answer.log, answer.run, last.transaction, LogPosition.hash(last.op), anchors,
        answer.snapshot.inProgress().stream().mapToLong(Long::parseLong));
  }

  private static Answer answer(Handle handle, LogPosition from, int limit) {
    Entry within = from.within() == null ? null : within(handle, from.end(), from.within());
    Query query = handle.createQuery("with now as materialized (select pg_current_snapshot()::text as snapshot, " + RUN
        + " as run, " + LOG
        + " as log, array(select h.xid::text || ' ' || h.op from history h order by h.xid desc limit "
        + LogPosition.MOST_ANCHORS + ") as latest) select now.*, entry.* from now left join lateral ((select " + COLUMNS
        + " from history where xid = any(cast(:pending as xid8[]))" + ORDER + " limit :limit) union all (select "
        + COLUMNS + " from history where xid >= cast(:end as xid8)"
        + (within == null
            ? ""
            : " and (xid > cast(:end as xid8) or (memory_id, version, op) > (:memory, :version, :op))")
        + ORDER + " limit :limit)" + ORDER + " limit :limit) entry on true" + ORDER)
        .bindArray("pending", String.class,
            (Object[]) from.pending().stream().map(Object::toString).toArray(String[]::new))
        .bind("end", Long.toString(from.end())).bind("limit", limit);
    if (within != null) {
      query.bind("memory", within.memory.value()).bind("version", within.version).bind("op", within.op.value());
    }
    return query.scanResultSet((rows, context) -> answer(rows.get()));
  }

  /** Reads the rows. All of them repeat what is said of the moment, so it is read from the first one alone. */
  private static Answer answer(ResultSet rows) throws SQLException {
    rows.next();
    Answer moment = moment(rows);
    List<Entry> entries = new ArrayList<>();
    if (rows.getString("xid") != null) {
      do {
        entries.add(entry(rows));
      } while (rows.next());
    }
    return new Answer(moment.snapshot, moment.log, moment.run, moment.latest, entries);
  }

  private static Answer moment(ResultSet row) throws SQLException {
    List<Anchor> latest = new ArrayList<>();
    for (String entry : (String[]) row.getArray("latest").getArray()) {
      String[] parts = entry.split(" ", -1);
      latest.add(new Anchor(Long.parseLong(parts[0]), LogPosition.hash(OperationId.parse(parts[1]))));
    }
    return new Answer(Snapshot.parse(row.getString("snapshot")), hash(row.getString("log")), hash(row.getString("run")),
        latest, List.of());
  }

  private static long hash(String text) {
    return LogPosition.hash(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Entry entry(ResultSet row) throws SQLException {
    MemoryId memory = new MemoryId(row.getObject("memory_id", UUID.class));
    OperationId op = new OperationId(row.getObject("op", UUID.class));
    MemoryChange.Kind kind = row.getBoolean("void")
        ? MemoryChange.Kind.UNDO
        : switch (PostgresHistoryStore.kind(row.getInt("kind"))) {
          case ADD -> MemoryChange.Kind.ADD;
          case UPDATE -> MemoryChange.Kind.UPDATE;
          case DELETE -> MemoryChange.Kind.DELETE;
          case ERASE -> MemoryChange.Kind.ERASE;
        };
    int version = row.getInt("version");
    return new Entry(Long.parseLong(row.getString("xid")), memory, version, op,
        new MemoryChange(memory, op, kind, version,
            row.getObject("at", OffsetDateTime.class).toInstant(), null));
  }

  /** The entry of a transaction by its hash; null if it has changed since, and all of the transaction is reported again. */
  private static @Nullable Entry within(Handle handle, long transaction, long hash) {
    return entries(handle, List.of(transaction)).filter(entry -> LogPosition.hash(entry.op) == hash).findFirst()
        .orElse(null);
  }

  private static Optional<Anchor> firstKept(Handle handle, List<Anchor> anchors) {
    List<Anchor> present = entries(handle, anchors.stream().map(Anchor::transaction).distinct().toList())
        .map(Entry::anchor).toList();
    return anchors.stream().filter(present::contains).findFirst();
  }

  private static Stream<Entry> entries(Handle handle, List<Long> transactions) {
    return handle.createQuery("select " + COLUMNS + " from history where xid = any(cast(:transactions as xid8[]))")
        .bindArray("transactions", String.class,
            (Object[]) transactions.stream().map(Objects::toString).toArray(String[]::new))
        .map((row, context) -> entry(row)).list().stream();
  }
}
