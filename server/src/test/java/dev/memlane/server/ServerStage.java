package dev.memlane.server;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** A server on a free port, over a memory with an empty database. Closing it closes both. */
public final class ServerStage implements AutoCloseable {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  private final MemoryOrchestrator memory;
  private final MemlaneServer server;
  private final ApiKeys keys;

  /**
   * @param directory an empty directory, for the index and the keys
   * @param settings of the server
   */
  public ServerStage(Path directory, UnaryOperator<MemlaneServer.Builder> settings) {
    this(directory, settings, new RecentActivity());
  }

  private ServerStage(Path directory, UnaryOperator<MemlaneServer.Builder> settings, RecentActivity activity) {
    this(directory, builder -> settings.apply(builder.activity(activity)),
        MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
            .indexDirectory(directory.resolve("index")).embedder(new HashEmbedder()).listener(activity).open());
  }

  private ServerStage(Path directory, UnaryOperator<MemlaneServer.Builder> settings, MemoryOrchestrator memory) {
    this.memory = memory;
    this.keys = ApiKeys.in(directory.resolve("keys.json"));
    this.server = settings.apply(MemlaneServer.builder(memory).port(0).keys(keys)).start();
  }

  /** A server over a memory whose index fails on request. */
  static MemlaneServer over(DoorStage stage, UnaryOperator<MemlaneServer.Builder> settings) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    MemoryOrchestrator memory = stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory().resolve("index")).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open());
    return stage.closing(settings.apply(MemlaneServer.builder(memory).port(0)
        .keys(ApiKeys.in(stage.directory().resolve("keys.json")))).start());
  }

  public MemoryOrchestrator memory() {
    return memory;
  }

  public MemlaneServer server() {
    return server;
  }

  public ApiKeys keys() {
    return keys;
  }

  /** A client without a key. */
  public TestClient client() {
    return new TestClient(server.uri(), null);
  }

  @Override
  public void close() {
    server.close();
    memory.close();
  }
}
