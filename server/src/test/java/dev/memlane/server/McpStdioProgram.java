package dev.memlane.server;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.nio.file.Path;

/** The program that a client of the Model Context Protocol starts in tests. */
public final class McpStdioProgram {

  private McpStdioProgram() {}

  /** @param arguments the database and the index's directory */
  public static void main(String[] arguments) throws Exception {
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(arguments[0], null, null)
        .indexDirectory(Path.of(arguments[1])).embedder(new HashEmbedder()).open();
        McpStdio mcp = McpStdio.over(memory, McpOptions.DEFAULT.withScope(Scope.user("ada")))) {
      mcp.serve(System.in, System.out);
    }
  }
}
