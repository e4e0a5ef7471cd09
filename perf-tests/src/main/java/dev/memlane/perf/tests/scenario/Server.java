package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.perf.tests.kill.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * An embedded PostgreSQL server, durable as users have it, for everything that is compared. Each contestant has a
 * schema of its own.
 *
 * <p>
 * Safe for use by several threads.
 */
final class Server implements AutoCloseable {

  private final Path directory;
  private final Memlane memlane;
  private final String jdbcUrl;

  private Server(Path directory, Memlane memlane, String jdbcUrl) {
    this.directory = directory;
    this.memlane = memlane;
    this.jdbcUrl = jdbcUrl;
  }

  /** Starts a server. This directory holds its data and that of the memories on it. */
  static Server start(Path directory) throws IOException {
    Path home = directory.resolve("server");
    Memlane memlane = Memlane.builder(home).embedder(new GivenVectorEmbedder()).open();
    ServerProcess process = ServerProcess.of(home).orElseThrow(() -> new IOException("the server does not run"));
    return new Server(directory, memlane, process.jdbcUrl(process.port()));
  }

  /** Its address, with user and password. */
  String jdbcUrl() {
    return jdbcUrl;
  }

  /** Returns a folder next to the server's. */
  Path folder(String name) {
    return directory.resolve(name);
  }

  /** Opens a memory on it to which nothing else writes. Vectors have to be given. */
  MemoryOrchestrator memory(String schema) {
    return builder(schema).open();
  }

  /** Returns a builder of a memory on it, for further settings. */
  OrchestratorBuilder builder(String schema) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).schema(schema)
        .indexDirectory(folder("index-" + schema)).embedder(new GivenVectorEmbedder()).followEvery(Duration.ZERO);
  }

  @Override
  public void close() {
    memlane.close();
  }
}
