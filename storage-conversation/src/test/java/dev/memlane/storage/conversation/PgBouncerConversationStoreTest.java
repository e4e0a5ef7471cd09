package dev.memlane.storage.conversation;

import dev.memlane.model.store.ConversationStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ConversationContract;
import dev.memlane.testing.PgBouncer;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The contract of the store of conversations, through a real PgBouncer in transaction mode. */
@Tag("slow")
class PgBouncerConversationStoreTest extends ConversationContract {

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
  protected ConversationStore open() {
    database.writeNow("emptying the tables",
        handle -> handle.execute("truncate conversation, conversation_message, conversation_window"));
    return new PostgresConversationStore(database);
  }
}
