package dev.memlane.storage.core;

import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.StoresContract;
import dev.memlane.testing.TestOperations;
import dev.memlane.testing.TestServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The contract of the core and the history store, on a real PostgreSQL. */
@Tag("programs")
class PostgresStoresTest extends StoresContract {

  private static Database database;

  @BeforeAll
  static void openDatabase() {
    database = Database.builder(TestServer.freshDatabase()).open();
  }

  @AfterAll
  static void closeDatabase() {
    database.close();
  }

  @Override
  protected Opened open() {
    database.writeNow("emptying the tables",
        handle -> handle.execute("truncate memory, memory_vector, history"));
    return new Opened(database.units(),
        PostgresCoreStore.open(database, TestOperations.MODEL, TestOperations.DIMENSION),
        new PostgresHistoryStore(database));
  }
}
