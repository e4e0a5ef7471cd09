package dev.memlane.storage.core;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.StoresContract;
import dev.memlane.testing.TestOperations;
import dev.memlane.testing.TestServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The contract of the core and the history store, over an application's pool without auto-commit. */
@Tag("slow")
class BorrowedStoresTest extends StoresContract {

  private static HikariDataSource pool;
  private static Database database;

  @BeforeAll
  static void openDatabase() {
    HikariConfig configuration = new HikariConfig();
    configuration.setJdbcUrl(TestServer.freshDatabase());
    configuration.setAutoCommit(false);
    configuration.setMaximumPoolSize(12);
    pool = new HikariDataSource(configuration);
    database = Database.builder(pool).open();
  }

  @AfterAll
  static void closeDatabase() {
    database.close();
    pool.close();
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
