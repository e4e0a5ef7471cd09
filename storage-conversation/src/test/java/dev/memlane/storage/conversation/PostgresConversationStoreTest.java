package dev.memlane.storage.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.FaultyWire.Fault;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the store asks of PostgreSQL, what it leaves there, and what becomes of changes whose answer is lost. */
@Tag("programs")
class PostgresConversationStoreTest {

  private static final Instant AT = Instant.parse("2026-06-01T10:00:00Z");
  private static final Scope CHAT = Scope.user("ada").withRun("7");

  private String direct;
  private FaultyWire wire;
  private Database database;
  private PostgresConversationStore store;

  @BeforeEach
  void open() {
    direct = TestServer.freshDatabase();
    wire = FaultyWire.to(direct);
    database = Database.builder(wire.jdbcUrl()).poolSize(4).statementTimeout(Duration.ofSeconds(10))
        .connectionTimeout(Duration.ofSeconds(1)).open();
    store = new PostgresConversationStore(database);
  }

  @AfterEach
  void close() {
    database.close();
    wire.close();
  }

  private static NewMessage message(String payload) {
    return NewMessage.of(MessageRole.USER, payload, "test", payload);
  }

  private static List<NewMessage> messages(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> message("m" + i)).toList();
  }

  private List<String> log() {
    return store.messages(CHAT, 0, 10_000, Long.MAX_VALUE).join().messages().stream()
        .map(ConversationMessage::payload).toList();
  }

  /** The rows of all tables. */
  private long rows() {
    return database.readNow("counting", handle -> handle.createQuery("select (select count(*) from conversation) "
        + "+ (select count(*) from conversation_message) + (select count(*) from conversation_window)")
        .mapTo(Long.class).one());
  }

  private void execute(String sql) {
    database.writeNow("preparing", handle -> handle.execute(sql));
  }

  /** Adds messages to a conversation with one message, past the store. */
  private void lengthen(int messages) {
    execute("insert into conversation_message (conversation, position, id, role, text, format, payload, escaped, "
        + "created_at) select c.id, i, gen_random_uuid(), 2, 'm', 'test', 'm', false, now() "
        + "from conversation c, generate_series(2, " + (messages + 1) + ") i");
    execute("update conversation set last_position = " + (messages + 1));
  }

  // ---- cost ------------------------------------------------------------------------------------------------------

  @Test
  void append_isOneRequest() {
    List<ConversationMessage> first = store.append(CHAT, messages(0, 1), AT).join();
    lengthen(3_000);
    wire.takeRequests();

    List<ConversationMessage> appended = store.append(CHAT, messages(1, 3), AT).join();

    assertThat(wire.takeRequests()).hasSize(1).allSatisfy(request -> assertThat(request).hasSize(1));
    assertThat(appended).extracting(ConversationMessage::position).containsExactly(3_002L, 3_003L);
    assertThat(first).extracting(ConversationMessage::position).containsExactly(1L);
  }

  @Test
  void replaceWindow_thatGrew_isOneRequestToReadAndOneToWrite() {
    store.replaceWindow(CHAT, messages(0, 20), AT).join();
    wire.takeRequests();

    store.replaceWindow(CHAT, messages(1, 21), AT).join();

    assertThat(wire.takeRequests()).hasSize(2).allSatisfy(request -> assertThat(request).hasSize(1));
    assertThat(rows()).as("the conversation, its messages and its window").isEqualTo(1 + 21 + 20);
  }

  @Test
  void replaceWindow_thatStayed_onlyReads() {
    store.replaceWindow(CHAT, messages(0, 20), AT).join();
    wire.takeRequests();

    store.replaceWindow(CHAT, messages(0, 20), AT).join();

    assertThat(wire.takeRequests()).hasSize(1);
  }

  /** Also where the server knows nothing about the tables yet, and would guess. */
  @Test
  void reads_ofALongLog_visitWhatTheyReturn() {
    store.append(CHAT, messages(0, 1), AT).join();
    lengthen(20_000);

    assertThat(visited(() -> store.messages(CHAT, 0, 10_000, Long.MAX_VALUE))).as("the measure").isGreaterThan(9_000);
    assertThat(visited(() -> store.window(CHAT, 10_000, Long.MAX_VALUE))).isLessThan(50);
    assertThat(visited(() -> store.messages(CHAT, 19_900, 50, Long.MAX_VALUE))).isLessThan(200);
    assertThat(visited(() -> store.append(CHAT, messages(1, 2), AT))).isLessThan(50);
    assertThat(visited(() -> store.replaceWindow(CHAT, messages(1, 3), AT))).isLessThan(50);
  }

  /** How many rows a call reads of tables and indexes. */
  private long visited(Supplier<CompletableFuture<?>> call) {
    long before = read();
    call.get().join();
    return read() - before;
  }

  private long read() {
    // Every session reports what it did when it has been idle for a moment, or at once when it is asked to.
    return database.readNow("counting", handle -> {
      handle.execute("select pg_stat_force_next_flush()");
      return handle.createQuery("select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint "
          + "from pg_stat_user_tables where relname like 'conversation%'").mapTo(Long.class).one();
    });
  }

  // ---- what is left ----------------------------------------------------------------------------------------------

  @Test
  void delete_ofALongConversation_leavesNoRow() {
    store.append(CHAT, messages(0, 1), AT).join();
    lengthen(12_000);

    assertThat(store.delete(CHAT).join()).isEqualTo(12_001);

    assertThat(rows()).isZero();
  }

  @Tag("slow")
  @Test
  void delete_ofManyBytes_leavesNoRow() {
    NewMessage large = message("x".repeat(10_000_000));
    for (int i = 0; i < 8; i++) {
      store.append(CHAT, List.of(NewMessage.of(large.role(), null, "test", large.payload())), AT).join();
    }

    assertThat(store.delete(CHAT).join()).isEqualTo(8);

    assertThat(rows()).isZero();
  }

  @Test
  void delete_thatWasInterrupted_isFinishedByTheNext() {
    store.append(CHAT, messages(0, 3), AT).join();
    execute("update conversation set deleted = true");
    assertThat(log()).as("deleted as a whole").isEmpty();
    store.append(CHAT, messages(3, 4), AT).join();
    assertThat(log()).as("and begun again").containsExactly("m3");

    assertThat(store.delete(CHAT).join()).isEqualTo(4);

    assertThat(rows()).isZero();
  }

  @Test
  void sweep_removesWhatAnInterruptedDeletionLeft_andNothingElse() {
    store.append(CHAT, messages(0, 3), AT).join();
    execute("update conversation set deleted = true");
    store.append(CHAT, messages(3, 4), AT).join();

    assertThat(store.sweep().join()).isEqualTo(3);

    assertThat(log()).containsExactly("m3");
    assertThat(rows()).isEqualTo(3);
  }

  // ---- other processes -------------------------------------------------------------------------------------------

  @Test
  void replaceWindow_thatAnotherProcessHasChangedMeanwhile_leavesTheGivenWindow() {
    store.replaceWindow(CHAT, messages(0, 3), AT).join();
    CompletableFuture<Void> held = wire.next(Fault.HOLD_REQUEST, "update conversation set");
    CompletableFuture<Void> replacing = store.replaceWindow(CHAT, messages(1, 4), AT);
    held.join();
    try (Database other = Database.builder(direct).poolSize(4).open()) {
      new PostgresConversationStore(other).append(CHAT, List.of(message("other")), AT).join();
    }
    wire.release();

    replacing.join();

    assertThat(store.window(CHAT, 10, Long.MAX_VALUE).join().messages()).extracting(ConversationMessage::payload)
        .containsExactly("m1", "m2", "m3");
    assertThat(log()).startsWith("m0", "m1", "m2", "other").endsWith("m3");
  }

  // ---- lost answers ----------------------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(value = Fault.class, names = {"CUT_REQUEST", "CUT_SYNC", "CUT_AFTER_REQUEST", "CUT_ANSWER"})
  void append_whoseConnectionBreaks_isStoredOnce(Fault fault) {
    store.append(CHAT, messages(0, 1), AT).join();
    CompletableFuture<Void> struck = wire.next(fault, "insert into conversation_message");
    List<NewMessage> given = messages(1, 3);

    List<ConversationMessage> stored = store.append(CHAT, given, AT).join();

    assertThat(struck).isCompleted();
    assertThat(stored).extracting(ConversationMessage::id).isEqualTo(given.stream().map(NewMessage::id).toList());
    assertThat(log()).containsExactly("m0", "m1", "m2");
  }

  @ParameterizedTest
  @EnumSource(value = Fault.class, names = {"CUT_REQUEST", "CUT_SYNC", "CUT_AFTER_REQUEST", "CUT_ANSWER"})
  void replaceWindow_whoseConnectionBreaks_isReplacedOnce(Fault fault) {
    store.replaceWindow(CHAT, messages(0, 2), AT).join();
    CompletableFuture<Void> struck = wire.next(fault, "insert into conversation_message");

    store.replaceWindow(CHAT, messages(1, 3), AT).join();

    assertThat(struck).isCompleted();
    assertThat(log()).containsExactly("m0", "m1", "m2");
  }

  @Test
  void append_whoseServerIsGone_isInDoubtIfItMayHaveLanded() {
    store.append(CHAT, messages(0, 1), AT).join();
    wire.refuse();
    List<CompletableFuture<Void>> struck = IntStream.range(0, 10)
        .mapToObj(i -> wire.next(Fault.CUT_ANSWER, "insert into conversation_message")).toList();

    assertThatThrownBy(() -> store.append(CHAT, messages(1, 2), AT).join()).cause()
        .isInstanceOf(InDoubtException.class);

    assertThat(struck.getFirst()).isCompleted();
    wire.release();
    assertThat(log()).containsExactly("m0", "m1");
  }

  @Test
  void append_thatMayHaveLanded_isInDoubtAlthoughTheSecondLookFails() throws SQLException {
    store.append(CHAT, messages(0, 1), AT).join();
    CompletableFuture<Void> lost = wire.next(Fault.CUT_ANSWER, "insert into conversation_message");
    CompletableFuture<Void> taken = wire.next(Fault.HOLD_ANSWER, "insert into conversation_message");
    CompletableFuture<List<ConversationMessage>> appending = store.append(CHAT, messages(1, 2), AT);
    taken.join();
    try (Connection connection = DriverManager.getConnection(direct); Statement sql = connection.createStatement()) {
      sql.execute("alter table memlane.conversation rename to elsewhere");
      wire.release();

      assertThatThrownBy(appending::join).cause().isInstanceOf(InDoubtException.class);

      assertThat(lost).isCompleted();
      sql.execute("alter table memlane.elsewhere rename to conversation");
    }
    assertThat(log()).containsExactly("m0", "m1");
  }

  @Test
  void append_thatTheServerRefuses_isNotInDoubt() {
    execute("alter table conversation_message add check (payload <> 'm1')");

    assertThatThrownBy(() -> store.append(CHAT, messages(0, 2), AT).join()).cause()
        .isExactlyInstanceOf(StoreException.class);

    assertThat(rows()).isZero();
  }
}
