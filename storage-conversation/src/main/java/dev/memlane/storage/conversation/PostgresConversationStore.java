package dev.memlane.storage.conversation;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.storage.conversation.WindowChange.Entry;
import dev.memlane.storage.postgres.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The store of conversations in PostgreSQL: the tables {@code conversation}, {@code conversation_message} and
 * {@code conversation_window}. {@link ConversationStore} says what its methods promise.
 *
 * <p>
 * Every change first updates the conversation's row, which orders the changes of all processes and hands out positions.
 * The usual changes are single statements:
 * <ul>
 * <li>An append inserts messages under their ids. If an id is taken, which the unique index notices, nothing is stored,
 * and a second attempt under the row's lock looks which messages are there already.
 * <li>Replacing a window reads the hashes of the present one, and writes the difference if the conversation's version is
 * still the same. Otherwise it does both again under the row's lock.
 * <li>A deletion marks the row, which frees the scope; then it removes messages in pages. No message can be added to a
 * marked conversation.
 * </ul>
 * Safe for use by several threads.
 */
public final class PostgresConversationStore implements ConversationStore {

  /** How often a change is tried after lock time-outs, deadlocks and unlucky races. */
  private static final int TRIES = 4;
  private static final Set<String> TRANSIENT = Set.of("40001", "40P01", "55P03");
  private static final String TAKEN = "23505";

  /** The most conversations and messages that one transaction of a deletion removes, and their texts' bytes. */
  private static final int REMOVED_CONVERSATIONS = 100;
  private static final int REMOVED_MESSAGES = 5_000;
  private static final long REMOVED_BYTES = 64_000_000;

  private static final String TEXT_BYTES = "cast(octet_length(payload) as bigint) + coalesce(octet_length(text), 0)";

  private final Database database;

  public PostgresConversationStore(Database database) {
    this.database = database;
  }

  @Override
  public CompletableFuture<List<ConversationMessage>> append(
      Scope conversation, List<NewMessage> messages, Instant at) {
    MessageRows rows = MessageRows.of(messages);
    Instant time = at.truncatedTo(ChronoUnit.MICROS);
    return append(conversation, rows, time, TRIES);
  }

  private CompletableFuture<List<ConversationMessage>> append(
      Scope conversation, MessageRows rows, Instant at, int triesLeft) {
    return this.<List<ConversationMessage>>write("appending to a conversation",
        handle -> rows.stored(insert(handle, conversation, rows, at) + 1, at))
        .exceptionallyCompose(failure -> isTaken(failure)
            ? repeatAfter(failure, appendMissing(conversation, rows, at, triesLeft))
            : CompletableFuture.failedFuture(failure));
  }

  /** Inserts messages, and the conversation if it is new. Returns the position before them. */
  private static long insert(Handle handle, Scope conversation, MessageRows rows, Instant at) {
    Query query = handle.createQuery("""
        with c as (
          insert into conversation (user_id, agent_id, run_id, last_position, version)
          values (:user, :agent, :run, :count, 1)
          on conflict (run_id, user_id, agent_id) where not deleted
          do update set last_position = conversation.last_position + excluded.last_position,
            version = conversation.version + 1
          returning id, last_position - :count as before
        )""" + MessageRows.INSERTS + " select before from c");
    bindScope(query, conversation);
    return rows.bind(query, at).mapTo(Long.class).one();
  }

  /** Appends those of the messages that the conversation does not have yet. */
  private CompletableFuture<List<ConversationMessage>> appendMissing(
      Scope conversation, MessageRows rows, Instant at, int triesLeft) {
    return write("appending to a conversation", handle -> handle.inTransaction(each -> {
      Optional<Long> locked = lock(each, conversation);
      return locked.map(id -> appendMissing(each, id, rows, at));
    })).thenCompose(appended -> {
      if (appended.isPresent()) {
        return CompletableFuture.completedFuture(appended.get().messages());
      }
      return triesLeft > 1
          ? append(conversation, rows, at, triesLeft - 1)
          : CompletableFuture.failedFuture(contended());
    });
  }

  /** The messages as they are stored, or the id that belongs to another message. */
  private record Appended(List<ConversationMessage> stored, @Nullable UUID otherwise) {

    List<ConversationMessage> messages() {
      if (otherwise != null) {
        throw new InvalidInputException("the message id " + otherwise
            + " belongs to another message of this conversation; nothing was stored: give each message an id of its own");
      }
      return stored;
    }
  }

  private static Appended appendMissing(Handle handle, long conversation, MessageRows rows, Instant at) {
    Map<UUID, ConversationMessage> present = handle.createQuery("select " + MessageRows.COLUMNS
        + " from conversation_message where conversation = :conversation and id = any(:ids)")
        .bind("conversation", conversation).bindArray("ids", UUID.class, rows.ids())
        .map((row, context) -> MessageRows.read(row))
        .stream().collect(Collectors.toMap(ConversationMessage::id, Function.identity()));
    Optional<NewMessage> otherwise = rows.rows().stream().map(MessageRows.Row::message)
        .filter(message -> present.containsKey(message.id()) && !isSame(message, present.get(message.id())))
        .findFirst();
    if (otherwise.isPresent()) {
      return new Appended(List.of(), otherwise.get().id());
    }
    MessageRows missing = new MessageRows(
        rows.rows().stream().filter(row -> !present.containsKey(row.message().id())).toList());
    if (missing.size() > 0) {
      Query query = handle.createQuery("""
          with c as (
            update conversation set last_position = last_position + :count, version = version + 1
            where id = :conversation
            returning id, last_position - :count as before
          )""" + MessageRows.INSERTS + " select before from c").bind("conversation", conversation);
      long before = missing.bind(query, at).mapTo(Long.class).one();
      missing.stored(before + 1, at).forEach(message -> present.put(message.id(), message));
    }
    return new Appended(rows.ids().stream().map(id -> Objects.requireNonNull(present.get(id))).toList(), null);
  }

  private static boolean isSame(NewMessage given, @Nullable ConversationMessage stored) {
    return stored != null && given.role() == stored.role() && Objects.equals(given.text(), stored.text())
        && given.format().equals(stored.format()) && given.payload().equals(stored.payload());
  }

  /** Locks the conversation's row until the transaction ends; empty if there is none. */
  private static Optional<Long> lock(Handle handle, Scope conversation) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    return scope.bind(handle.createQuery("select id from conversation where not deleted and " + scope.sql()
        + " for update")).mapTo(Long.class).findOne();
  }

  @Override
  public CompletableFuture<Void> replaceWindow(Scope conversation, List<NewMessage> messages, Instant at) {
    return replaceWindow(conversation, MessageRows.of(messages), at.truncatedTo(ChronoUnit.MICROS), TRIES);
  }

  private CompletableFuture<Void> replaceWindow(Scope conversation, MessageRows rows, Instant at, int triesLeft) {
    if (triesLeft == 0) {
      return CompletableFuture.failedFuture(contended());
    }
    return write("replacing a conversation's window", handle -> triesLeft == TRIES
        ? replaceIfUnchanged(handle, conversation, rows, at)
        : replaceLocked(handle, conversation, rows, at))
        .exceptionallyCompose(failure -> isTaken(failure)
            ? repeatAfter(failure, replaceWindow(conversation, rows, at, triesLeft - 1)).thenApply(done -> true)
            : CompletableFuture.failedFuture(failure))
        .thenCompose(replaced -> replaced
            ? CompletableFuture.completedFuture(null)
            : replaceWindow(conversation, rows, at, triesLeft - 1));
  }

  private static boolean replaceLocked(Handle handle, Scope conversation, MessageRows rows, Instant at) {
    return handle.inTransaction(each -> {
      Optional<Long> locked = lock(each, conversation);
      return replaceIfUnchanged(each, conversation, locked.map(id -> withFreeIds(each, id, rows)).orElse(rows), at);
    });
  }

  /** The messages, with fresh ids instead of those that the conversation has already. */
  private static MessageRows withFreeIds(Handle handle, long conversation, MessageRows rows) {
    return rows.withFreshIds(handle.createQuery(
        "select id from conversation_message where conversation = :conversation and id = any(:ids)")
        .bind("conversation", conversation).bindArray("ids", UUID.class, rows.ids()).mapTo(UUID.class).set());
  }

  /** A conversation's window as it was read. */
  private record Window(long conversation, long version, List<Entry> entries) {}

  /** Replaces the window; false if the conversation has changed since its window was read. */
  private static boolean replaceIfUnchanged(Handle handle, Scope conversation, MessageRows rows, Instant at) {
    Optional<Window> read = readWindow(handle, conversation);
    if (read.isEmpty()) {
      return rows.size() == 0 || begin(handle, conversation, rows, at);
    }
    Window window = read.get();
    WindowChange change = WindowChange.between(window.entries, rows.hashes());
    MessageRows appended = rows.from(change.kept());
    if (appended.size() == 0 && change.gone().isEmpty()) {
      return true;
    }
    Query query = handle.createQuery("""
        with c as (
          update conversation set last_position = last_position + :count, version = version + 1
          where id = :conversation and version = :version and not deleted
          returning id, last_position - :count as before
        ), gone as (
          delete from conversation_window w using c where w.conversation = c.id and w.position = any(:gone)
        )""" + MessageRows.INSERTS + " select before from c")
        .bind("conversation", window.conversation).bind("version", window.version)
        .bindArray("gone", Long.class, change.gone());
    return appended.bind(query, at).mapTo(Long.class).findOne().isPresent();
  }

  private static Optional<Window> readWindow(Handle handle, Scope conversation) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    return scope.bind(handle.createQuery("""
        select c.id, c.version, w.position, w.hash
        from (select id, version from conversation where not deleted and %s) c left join lateral (
          select position, hash from conversation_window where conversation = c.id order by position
        ) w on true order by w.position""".formatted(scope.sql()))).reduceRows(Optional.<Window>empty(),
        (before, row) -> {
          Window window = before.orElseGet(() -> new Window(row.getColumn("id", Long.class),
              row.getColumn("version", Long.class), new ArrayList<>()));
          UUID hash = row.getColumn("hash", UUID.class);
          if (hash != null) {
            window.entries.add(new Entry(row.getColumn("position", Long.class), hash));
          }
          return Optional.of(window);
        });
  }

  /** Begins a conversation with messages; false if another process has just done so. */
  private static boolean begin(Handle handle, Scope conversation, MessageRows rows, Instant at) {
    Query query = handle.createQuery("""
        with c as (
          insert into conversation (user_id, agent_id, run_id, last_position, version)
          values (:user, :agent, :run, :count, 1)
          on conflict (run_id, user_id, agent_id) where not deleted do nothing
          returning id, last_position - :count as before
        )""" + MessageRows.INSERTS + " select before from c");
    bindScope(query, conversation);
    return rows.bind(query, at).mapTo(Long.class).findOne().isPresent();
  }

  static void bindScope(Query query, Scope conversation) {
    query.bind("user", conversation.user()).bind("agent", conversation.agent()).bind("run", conversation.run());
  }

  @Override
  public CompletableFuture<Void> leaveWindow(Scope conversation, Collection<Long> positions) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    return write("changing a conversation's window", handle -> scope.bind(handle.createUpdate("""
        with c as (
          update conversation set version = version + 1 where not deleted and %s returning id
        )
        delete from conversation_window w using c
        where w.conversation = c.id and w.position = any(:positions)""".formatted(scope.sql())))
        .bindArray("positions", Long.class, positions).execute()).thenApply(left -> null);
  }

  @Override
  public CompletableFuture<Messages> window(Scope conversation, int limit, long bytes) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    // The message of each position is looked up by itself, whatever the planner believes about the length of the log.
    return database.read("reading a conversation's window", handle -> {
      List<Found> found = scope.bind(handle.createQuery("""
          select * from (
            select m.*, true as in_window, count(*) over () as found, coalesce(
              sum(%s) over (order by w.position rows between unbounded preceding and 1 preceding), 0) as before
            from (
              select conversation, position from conversation_window
              where conversation = (select id from conversation where not deleted and %s)
              order by position limit :limit + 1
            ) w cross join lateral (
              select %s from conversation_message where conversation = w.conversation and position = w.position offset 0
            ) m
          ) page where before < :bytes order by position limit :limit"""
          .formatted(TEXT_BYTES, scope.sql(), MessageRows.COLUMNS)))
          .bind("limit", limit).bind("bytes", bytes).map((row, context) -> found(row)).list();
      return new Messages(found.stream().map(each -> each.message.message()).toList(), isCut(found));
    });
  }

  /** A message at the end of a window, and how long the whole window is. */
  private record FoundAtEnd(Found found, long length) {}

  @Override
  public CompletableFuture<WindowEnd> windowEnd(Scope conversation, long before, int limit, long bytes) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    return database.read("reading the end of a conversation's window", handle -> {
      List<FoundAtEnd> end = scope.bind(handle.createQuery("""
          with c as materialized (select id from conversation where not deleted and %s)
          select * from (
            select m.*, true as in_window, count(*) over () as found,
              (select count(*) from conversation_window where conversation = (select id from c)) as length, coalesce(
              sum(%s) over (order by w.position desc rows between unbounded preceding and 1 preceding), 0) as before
            from (
              select conversation, position from conversation_window
              where conversation = (select id from c) and position < :end
              order by position desc limit :limit + 1
            ) w cross join lateral (
              select %s from conversation_message where conversation = w.conversation and position = w.position offset 0
            ) m
          ) page where before < :bytes order by position desc limit :limit"""
          .formatted(scope.sql(), TEXT_BYTES, MessageRows.COLUMNS)))
          .bind("end", before).bind("limit", limit).bind("bytes", bytes)
          .map((row, context) -> new FoundAtEnd(found(row), row.getLong("length"))).list();
      return new WindowEnd(end.reversed().stream().map(each -> each.found.message.message()).toList(),
          isCut(end.stream().map(FoundAtEnd::found).toList()), end.isEmpty() ? 0 : end.getFirst().length);
    });
  }

  @Override
  public CompletableFuture<Messages> messages(Scope conversation, long after, int limit, long bytes) {
    return archive(conversation, after, limit, bytes).thenApply(
        page -> new Messages(page.messages().stream().map(ArchivedMessage::message).toList(), page.more()));
  }

  @Override
  public CompletableFuture<Archive> archive(Scope conversation, long after, int limit, long bytes) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    return database.read("reading a conversation", handle -> {
      List<Found> found = scope.bind(handle.createQuery("""
          select * from (
            select m.*, exists (
              select 1 from conversation_window w where w.conversation = m.conversation and w.position = m.position
            ) as in_window, count(*) over () as found, coalesce(
              sum(%s) over (order by position rows between unbounded preceding and 1 preceding), 0) as before
            from (
              select conversation, %s from conversation_message
              where conversation = (select id from conversation where not deleted and %s) and position > :after
              order by position limit :limit + 1
            ) m
          ) page where before < :bytes order by position limit :limit"""
          .formatted(TEXT_BYTES, MessageRows.COLUMNS, scope.sql())))
          .bind("after", after).bind("limit", limit).bind("bytes", bytes)
          .map((row, context) -> found(row)).list();
      return new Archive(found.stream().map(Found::message).toList(), isCut(found));
    });
  }

  /**
   * A message of a page.
   *
   * @param count how many messages the page would have without its limits, one beyond them at most
   */
  private record Found(ArchivedMessage message, long count) {}

  private static Found found(ResultSet row) throws SQLException {
    return new Found(new ArchivedMessage(MessageRows.read(row), row.getBoolean("in_window")), row.getLong("found"));
  }

  private static boolean isCut(List<Found> page) {
    return !page.isEmpty() && page.getFirst().count > page.size();
  }

  @Override
  public CompletableFuture<List<MessageImportOutcome>> restore(Scope conversation, List<ArchivedMessage> messages) {
    return messages.isEmpty()
        ? CompletableFuture.completedFuture(List.of())
        : write("restoring a conversation",
            handle -> handle.inTransaction(each -> MessageRestore.run(each, conversation, messages)));
  }

  @Override
  public CompletableFuture<List<NumberedConversation>> list(@Nullable Scope within, long after, int limit) {
    ScopeCondition scope = within == null ? ScopeCondition.any() : ScopeCondition.within(within);
    return database.read("listing conversations", handle -> scope.bind(handle.createQuery(
        "select id, user_id, agent_id, run_id from conversation where not deleted and id > :after and " + scope.sql()
            + " order by id limit :limit"))
        .bind("after", after).bind("limit", limit)
        .map((row, context) -> new NumberedConversation(row.getLong("id"),
            new Scope(row.getString("user_id"), row.getString("agent_id"), row.getString("run_id"))))
        .list());
  }

  @Override
  public CompletableFuture<Long> delete(Scope conversation) {
    return delete(ScopeCondition.exactly(conversation));
  }

  @Override
  public CompletableFuture<Long> deleteAll(Scope within) {
    return delete(ScopeCondition.within(within));
  }

  @Override
  public CompletableFuture<Long> sweep() {
    return remove(ScopeCondition.any(), 0);
  }

  private CompletableFuture<Long> delete(ScopeCondition scope) {
    return write("deleting conversations", handle -> scope.bind(handle.createUpdate("""
        update conversation set deleted = true where id in (
          select id from conversation where not deleted and %s order by id limit :limit for update
        )""".formatted(scope.sql()))).bind("limit", REMOVED_MESSAGES).execute())
        .thenCompose(marked -> marked == REMOVED_MESSAGES ? delete(scope) : remove(scope, 0));
  }

  /** Removes marked conversations, page by page. */
  private CompletableFuture<Long> remove(ScopeCondition scope, long removedBefore) {
    return write("removing deleted conversations", handle -> handle.inTransaction(each -> removePage(each, scope)))
        .thenCompose(removed -> removed < 0
            ? CompletableFuture.completedFuture(removedBefore)
            : remove(scope, removedBefore + removed));
  }

  /** Returns the number of messages removed; -1 if no marked conversation is left. */
  private static long removePage(Handle handle, ScopeCondition scope) {
    List<Long> conversations = scope.bind(handle.createQuery("select id from conversation where deleted and "
        + scope.sql() + " order by id limit :limit for update"))
        .bind("limit", REMOVED_CONVERSATIONS).mapTo(Long.class).list();
    if (conversations.isEmpty()) {
      return -1;
    }
    long removed = handle.createQuery("""
        with sized as (
          select m.conversation, m.position, m.bytes
          from unnest(:conversations) as c(id) cross join lateral (
            select conversation, position, %s as bytes
            from conversation_message where conversation = c.id order by position limit :messages
          ) m limit :messages
        ), page as materialized (
          select conversation, position,
            coalesce(sum(bytes) over (order by conversation, position rows between unbounded preceding and 1 preceding),
              0) as before
          from sized
        ), left_window as (
          delete from conversation_window w using page
          where page.before < :bytes and w.conversation = page.conversation and w.position = page.position
        ), removed as (
          delete from conversation_message m using page
          where page.before < :bytes and m.conversation = page.conversation and m.position = page.position
          returning 1
        ) select count(*) from removed""".formatted(TEXT_BYTES))
        .bindArray("conversations", Long.class, conversations).bind("messages", REMOVED_MESSAGES)
        .bind("bytes", REMOVED_BYTES).mapTo(Long.class).one();
    // A slice that is being remembered can't come back: an answer needs its slice's row, and a slice needs a conversation
    // that is not marked.
    handle.createUpdate("""
        with slices as (delete from remembered_slice where conversation = any(:conversations))
        delete from remembered_answer where conversation = any(:conversations)""")
        .bindArray("conversations", Long.class, conversations).execute();
    handle.createUpdate("""
        delete from conversation c where id = any(:conversations)
          and not exists (select 1 from conversation_message m where m.conversation = c.id)""")
        .bindArray("conversations", Long.class, conversations).execute();
    return removed;
  }

  /** Writes, again after a failure that may not happen the next time. */
  private <T> CompletableFuture<T> write(String what, HandleCallback<T, RuntimeException> write) {
    return write(what, write, TRIES);
  }

  private <T> CompletableFuture<T> write(String what, HandleCallback<T, RuntimeException> write, int triesLeft) {
    return database.write(what, write).exceptionallyCompose(
        failure -> triesLeft > 1 && TRANSIENT.contains(state(failure))
            ? repeatAfter(failure, write(what, write, triesLeft - 1))
            : CompletableFuture.failedFuture(failure));
  }

  /** The result of a repeat. If what was tried before may have landed, a repeat that fails does not make that certain. */
  private static <T> CompletableFuture<T> repeatAfter(Throwable before, CompletableFuture<T> repeat) {
    StoreException doubt = find(InDoubtException.class, before);
    return doubt == null
        ? repeat
        : repeat.exceptionallyCompose(failure -> {
          StoreException failed = find(StoreException.class, failure);
          return CompletableFuture.failedFuture(failed == null || failed instanceof InDoubtException
              ? failure
              : new InDoubtException(doubt.getMessage() + "; then " + failed.getMessage(), failed));
        });
  }

  private static <T extends Throwable> @Nullable T find(Class<T> type, Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return type.cast(cause);
      }
    }
    return null;
  }

  private static boolean isTaken(Throwable failure) {
    return TAKEN.equals(state(failure));
  }

  /** The SQLSTATE of a failure; empty if it has none. */
  private static String state(Throwable failure) {
    SQLException sql = find(SQLException.class, failure);
    return sql == null ? "" : String.valueOf(sql.getSQLState());
  }

  private static StoreException contended() {
    return new StoreException(
        "other processes change this conversation all the time; try again, nothing was stored", null);
  }

  @Override
  public String toString() {
    return "PostgresConversationStore[" + database + "]";
  }
}
