package dev.memlane.spring.ai;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.test.vectorstore.BaseVectorStoreTests;
import org.springframework.ai.vectorstore.VectorStore;

/** Spring AI's own tests of vector stores. */
@Tag("programs")
class SpringVectorStoreTest extends BaseVectorStoreTests {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  private Path directory;

  @Override
  protected void executeTest(Consumer<VectorStore> test) {
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(directory).embedder(new HashEmbedder()).open()) {
      test.accept(MemlaneVectorStore.builder(memory, Scope.user("ada")).build());
    }
  }
}
