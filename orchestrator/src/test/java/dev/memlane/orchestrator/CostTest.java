package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.testing.FaultyWire;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a write asks of the database, counted on the wire and by the transactions that left rows. */
@Tag("programs")
class CostTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path directory;

  private String jdbcUrl;
  private FaultyWire wire;
  private TestMemory test;

  @BeforeEach
  void open() {
    jdbcUrl = TestMemory.freshDatabase();
    wire = FaultyWire.to(jdbcUrl);
    test = TestMemory.open(wire.jdbcUrl(), directory);
    // The first request on a connection also prepares its statements.
    for (int i = 0; i < 20; i++) {
      test.blocking.addMemory(NewMemory.builder("before " + i, ADA).key("key " + i).build());
    }
    wire.takeRequests();
  }

  @AfterEach
  void close() {
    test.close();
    wire.close();
  }

  @Test
  void add_underNoKey_isOneRequestOfTwoStatementsAndOneTransaction() throws SQLException {
    long before = nextTransaction();
    wire.takeRequests();

    test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));

    List<List<String>> requests = wire.takeRequests();
    assertThat(requests).hasSize(1);
    assertThat(requests.getFirst()).hasSize(2);
    assertThat(requests.getFirst().get(0)).contains("insert into memory ", "insert into memory_vector");
    assertThat(requests.getFirst().get(1)).contains("insert into history");
    assertThat(transactionsSince(before)).isEqualTo(1);
  }

  @Test
  void add_underAKey_readsOnceBefore() throws SQLException {
    long before = nextTransaction();
    wire.takeRequests();

    test.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("oboe").build());

    assertThat(wire.takeRequests()).hasSize(2);
    assertThat(transactionsSince(before)).isEqualTo(1);
  }

  @Test
  void updateAndDelete_areARequestToReadAndOneToWrite() throws SQLException {
    Memory memory = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    long before = nextTransaction();
    wire.takeRequests();

    test.blocking.deleteMemory(MemoryDeletion.of(memory.id()));

    assertThat(wire.takeRequests()).hasSize(2);
    assertThat(transactionsSince(before)).isEqualTo(1);
    Memory other = test.blocking.addMemory(NewMemory.of("Ada plays the lute", ADA));
    wire.takeRequests();

    test.blocking.updateMemory(MemoryUpdate.content(other.id(), "Ada plays the flute"));

    assertThat(wire.takeRequests()).as("one more read, before the embedding and without the lock").hasSize(3);
  }

  @Test
  void put_readsOnceBeforeItAddsOrConfirms_andTwiceBeforeItReplaces() throws SQLException {
    NewMemory oboe = NewMemory.builder("Ada plays the oboe", ADA).key("instrument").build();

    test.blocking.put(oboe);
    assertThat(wire.takeRequests()).as("new").hasSize(2);
    test.blocking.put(oboe);
    assertThat(wire.takeRequests()).as("stored already").hasSize(2);
    test.blocking.put(NewMemory.builder("Ada plays the lute", ADA).key("instrument").build());
    assertThat(wire.takeRequests()).as("replaced: once under the memory's lock").hasSize(3);
  }

  @Test
  void manyPutsAtOnce_shareReadsAndTransactions() throws SQLException {
    List<NewMemory> first = puts("oboe");
    List<NewMemory> second = puts("lute");
    assertThat(test.blocking.putMemories(first)).allMatch(WriteOutcome.Stored.class::isInstance);
    wire.takeRequests();
    long before = nextTransaction();

    assertThat(test.blocking.putMemories(second)).allMatch(WriteOutcome.Replaced.class::isInstance);

    assertThat(transactionsSince(before)).isLessThan(100);
    assertThat(wire.takeRequests().size()).isLessThan(200);
  }

  private static List<NewMemory> puts(String instrument) {
    return IntStream.range(0, 500)
        .mapToObj(i -> NewMemory.builder(i + " plays the " + instrument, ADA).key("player " + i).build()).toList();
  }

  @Test
  void manyAddsAtOnce_shareTransactions() throws SQLException {
    List<NewMemory> memories = IntStream.range(0, 500)
        .mapToObj(i -> NewMemory.of("number " + i, ADA)).toList();
    long before = nextTransaction();

    test.blocking.addMemories(memories);

    assertThat(transactionsSince(before)).as("transactions for 500 memories").isBetween(1L, 99L);
  }

  private long nextTransaction() throws SQLException {
    return number("select pg_current_xact_id()::text::bigint");
  }

  /** How many transactions have written since then. The server's counter would count its autovacuum's too. */
  private long transactionsSince(long first) throws SQLException {
    return number("""
        with written as (
          select xmin::text::bigint as xid from memlane.memory
          union all select xmin::text::bigint from memlane.memory_vector
          union all select xmin::text::bigint from memlane.history)
        select count(distinct xid) from written
        where xid >=\s""" + first);
  }

  private long number(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getLong(1);
    }
  }
}
