package dev.memlane.perf.tests.lanes;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.lanes.Lane;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.MemlaneServer;
import dev.memlane.server.ServerLimits;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.storage.tasks.TaskHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The process that is killed: a server with two durable lanes. The tasks of {@value #INSIDE} are done here; before each of them, a
 * line is appended to a file, which survives the process.
 */
public final class LaneVictim {

  /** The lane whose tasks are done by workers outside. */
  static final String OUTSIDE = "outside";

  /** The lane whose tasks are done by a handler. */
  static final String INSIDE = "inside";

  private static final int CONCURRENCY = 8;
  /** A claim whose worker never got it holds a permit until its lease ends, and there are some with each kill. */
  private static final int CONCURRENCY_OUTSIDE = 256;
  /** More than there are kills, so that no idempotent task runs out of them. */
  private static final int ATTEMPTS = 1_000;
  private static final int LONGEST_WORK_MILLIS = 30;

  private LaneVictim() {}

  /** @param arguments the database, the index's directory, and the file of what was begun */
  public static void main(String[] arguments) throws InterruptedException {
    Path begun = Path.of(arguments[2]);
    TaskHandler handler = work -> {
      append(begun, work.id() + " " + work.attempt());
      Thread.sleep(ThreadLocalRandom.current().nextInt(LONGEST_WORK_MILLIS));
      return "" + work.attempt();
    };
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(arguments[0], null, null)
        .indexDirectory(Path.of(arguments[1])).embedder(new HashEmbedder()).open();
        Database database = Database.builder(arguments[0]).poolSize(8).open();
        DurableLanes lanes = DurableLanes.builder(database).durableLane(lane(OUTSIDE).concurrency(CONCURRENCY_OUTSIDE))
            .durableLane(lane(INSIDE)).executor(executor -> executor.concurrency(CONCURRENCY + CONCURRENCY_OUTSIDE))
            .handler(INSIDE, handler).retention(Duration.ofDays(1)).mostEnded(1_000_000).open();
        MemlaneServer server = MemlaneServer.builder(memory).port(0).lanes(lanes)
            .limits(ServerLimits.DEFAULT.withRequestsPerSecond(0)).start()) {
      System.out.println(server.port());
      System.out.flush();
      Thread.currentThread().join();
    }
  }

  private static Lane lane(String name) {
    return Lane.of(name).concurrency(CONCURRENCY).attempts(ATTEMPTS).firstPause(Duration.ofMillis(10));
  }

  private static void append(Path file, String line) throws IOException {
    Files.writeString(file, line + "\n", StandardCharsets.US_ASCII, StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
