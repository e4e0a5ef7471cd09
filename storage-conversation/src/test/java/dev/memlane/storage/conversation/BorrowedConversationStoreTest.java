package dev.memlane.storage.conversation;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ConversationContract;
import dev.memlane.testing.TestServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The contract of the store of conversations, over an application's pool without auto-commit, behind a pooler. */
@Tag("slow")
class BorrowedConversationStoreTest extends ConversationContract {

  private static HikariDataSource pool;
  private static Database database;

  @BeforeAll
  static void openDatabase() {
    HikariConfig configuration = new HikariConfig();
    configuration.setJdbcUrl(TestServer.freshDatabase());
    configuration.setAutoCommit(false);
    configuration.setMaximumPoolSize(12);
    pool = new HikariDataSource(configuration);
    database = Database.builder(pool).transactionPooling(true).open();
  }

  @AfterAll
  static void closeDatabase() {
    database.close();
    pool.close();
  }

  @Override
  protected ConversationStore open() {
    database.writeNow("emptying the tables",
        handle -> handle.execute("truncate conversation, conversation_message, conversation_window"));
    return new PostgresConversationStore(database);
  }
}
