package dev.memlane.storage.conversation;

import dev.memlane.model.store.ConversationStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ConversationContract;
import dev.memlane.testing.TestServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The contract of the store of conversations, on a real PostgreSQL. */
@Tag("programs")
class PostgresConversationStoreContractTest extends ConversationContract {

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
  protected ConversationStore open() {
    database.writeNow("emptying the tables",
        handle -> handle.execute("truncate conversation, conversation_message, conversation_window"));
    return new PostgresConversationStore(database);
  }
}
