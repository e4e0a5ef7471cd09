package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.TestServer;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a write asks of the database, counted on the wire and by the transactions that the server has numbered. */
class CostTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path directory;

  private String jdbcUrl;
  private FaultyWire wire;
  private TestMemory test;

  @BeforeEach
  void open() {
    jdbcUrl = TestServer.freshDatabase();
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
    assertThat(nextTransaction() - before).as("this one's and the write's").isEqualTo(2);
  }

  @Test
  void add_underAKey_readsOnceBefore() throws SQLException {
    long before = nextTransaction();
    wire.takeRequests();

    test.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("oboe").build());

    assertThat(wire.takeRequests()).hasSize(2);
    assertThat(nextTransaction() - before).isEqualTo(2);
  }

  @Test
  void updateAndDelete_areARequestToReadAndOneToWrite() throws SQLException {
    Memory memory = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    long before = nextTransaction();
    wire.takeRequests();

    test.blocking.deleteMemory(MemoryDeletion.of(memory.id()));

    assertThat(wire.takeRequests()).hasSize(2);
    assertThat(nextTransaction() - before).isEqualTo(2);
    Memory other = test.blocking.addMemory(NewMemory.of("Ada plays the lute", ADA));
    wire.takeRequests();

    test.blocking.updateMemory(MemoryUpdate.content(other.id(), "Ada plays the flute"));

    assertThat(wire.takeRequests()).as("one more read, before the embedding and without the lock").hasSize(3);
  }

  @Test
  void manyAddsAtOnce_shareTransactions() throws SQLException {
    List<NewMemory> memories = IntStream.range(0, 500)
        .mapToObj(i -> NewMemory.of("number " + i, ADA)).toList();
    long before = nextTransaction();

    test.blocking.addMemories(memories);

    assertThat(nextTransaction() - before).as("transactions for 500 memories").isLessThan(100);
  }

  private long nextTransaction() throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select pg_current_xact_id()::text::bigint")) {
      result.next();
      return result.getLong(1);
    }
  }
}
