package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.perf.tests.kill.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * An embedded PostgreSQL server, durable as users have it, for everything that is compared: each with a schema of its own.
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

  /** Starts one whose data, and that of the memories on it, is in this directory. */
  static Server start(Path directory) throws IOException {
    Path home = directory.resolve("server");
    Memlane memlane = Memlane.builder(home).embedder(new GivenVectors()).open();
    ServerProcess process = ServerProcess.of(home).orElseThrow(() -> new IOException("the server does not run"));
    return new Server(directory, memlane, process.jdbcUrl(process.port()));
  }

  /** Its address, user and password included. */
  String jdbcUrl() {
    return jdbcUrl;
  }

  /** A folder beside the server's. */
  Path folder(String name) {
    return directory.resolve(name);
  }

  /** A memory on it that nobody else writes to; vectors have to be given. */
  MemoryOrchestrator memory(String schema) {
    return builder(schema).open();
  }

  /** To open a memory on it with settings of its own. */
  OrchestratorBuilder builder(String schema) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).schema(schema)
        .indexDirectory(folder("index-" + schema)).embedder(new GivenVectors()).followEvery(Duration.ZERO);
  }

  @Override
  public void close() {
    memlane.close();
  }
}
