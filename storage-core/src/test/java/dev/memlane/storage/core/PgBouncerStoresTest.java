package dev.memlane.storage.core;

import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.PgBouncer;
import dev.memlane.testing.StoresContract;
import dev.memlane.testing.TestOperations;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The contract of the core and the history store, through a real PgBouncer in transaction mode. */
@Tag("slow")
class PgBouncerStoresTest extends StoresContract {

  private static @Nullable PgBouncer bouncer;
  private static Database database;

  @BeforeAll
  static void openDatabase(@TempDir Path folder) {
    PgBouncer.require();
    PgBouncer started = PgBouncer.start(TestServer.freshDatabase(), folder);
    bouncer = started;
    database = Database.builder(started.jdbcUrl()).transactionPooling(true).open();
  }

  @AfterAll
  static void closeDatabase() {
    if (bouncer != null) {
      database.close();
      bouncer.close();
    }
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
