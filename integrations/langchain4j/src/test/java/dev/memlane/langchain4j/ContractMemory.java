package dev.memlane.langchain4j;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * What LangChain4j's contract tests use: one memory with a real sentence model, and for each test a store in a scope of its
 * own. The memory is opened once, because the model takes a second to load.
 */
final class ContractMemory {

  private static final class Holder {
    static final LocalEmbedder EMBEDDER = new LocalEmbedder();
    static final MemoryOrchestrator MEMORY = open();

    private static MemoryOrchestrator open() {
      try {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "contract-memory");
        MemoryOrchestrator memory = TestMemories.open(TestServer.freshDatabase(), directory, EMBEDDER);
        Runtime.getRuntime().addShutdownHook(new Thread(memory::close));
        return memory;
      } catch (IOException e) {
        throw new IllegalStateException("no directory for the test", e);
      }
    }
  }

  private ContractMemory() {}

  static EmbeddingModel model() {
    return TestMemories.model(Holder.EMBEDDER);
  }

  /** An empty store. */
  static MemlaneEmbeddingStore store() {
    return MemlaneEmbeddingStore.of(Holder.MEMORY, Scope.agent("contract-" + UUID.randomUUID()));
  }
}
