package dev.memlane.perf.tests.scenario;

import dev.memlane.model.ContentHash;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.Sample;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.postgres.Database;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The most that the stores can do: rows of core (with their vectors) and of the history by PostgreSQL's COPY, and
 * documents by Lucene's writer, all three at the same time, with everything prepared before.
 *
 * <p>
 * Nothing is compared, tracked or answered, and all rows of a round are one transaction. Not safe for use by several
 * threads.
 */
final class RawLimit {

  private static final String SCHEMA = "raw";
  private static final int BLOCK = 2_000;

  private final Server server;
  private final GeneratedMemories generated;
  private final int count;
  private long next;

  private RawLimit(Server server, GeneratedMemories generated, int count) {
    this.server = server;
    this.generated = generated;
    this.count = count;
  }

  /** @param count the number of memories in a round */
  static RawLimit prepare(Server server, GeneratedMemories generated, int count) {
    try (Database database = Database.builder(server.jdbcUrl()).schema(SCHEMA).open()) {
      PostgresCoreStore.open(database, GeneratedMemories.MODEL, GeneratedMemories.DIMENSION);
    }
    return new RawLimit(server, generated, count);
  }

  private record Ready(List<CopyRows> core, List<CopyRows> vectors, List<CopyRows> history, List<UUID> ids,
      List<UUID> ops) {}

  /** Runs one round, and returns the memories per second that all three wrote. */
  Sample round() throws Exception {
    Ready ready = ready();
    Path folder = server.folder("index-raw");
    Directories.delete(folder);
    try (RawLucene lucene = RawLucene.create(folder); ExecutorService threads = Executors.newFixedThreadPool(3)) {
      long first = next - count;
      long begun = System.nanoTime();
      List<Future<Void>> running = threads.invokeAll(List.<Callable<Void>>of(() -> copy(ready.core, ready.vectors),
          () -> copy(ready.history, List.of()), () -> {
            lucene.addAll(count, (index, number) -> index.add(ready.ids.get(number), ready.ops.get(number),
                "user", generated.content(first + number), generated.unitVector(first + number)));
            return null;
          }));
      for (Future<Void> each : running) {
        each.get();
      }
      return Sample.of(Sample.PER_SECOND, count / ((System.nanoTime() - begun) / 1e9));
    }
  }

  private Void copy(List<CopyRows> rows, List<CopyRows> more) throws IOException, SQLException {
    try (Connection connection = DriverManager.getConnection(server.jdbcUrl() + "&currentSchema=" + SCHEMA)) {
      connection.setAutoCommit(false);
      for (CopyRows block : rows) {
        block.copyTo(connection);
      }
      for (CopyRows block : more) {
        block.copyTo(connection);
      }
      connection.commit();
    }
    return null;
  }

  private Ready ready() throws IOException {
    Ready ready = new Ready(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(),
        new ArrayList<>());
    for (int i = 0; i < count; i++) {
      if (i % BLOCK == 0) {
        ready.core.add(new CopyRows("memory (id, state, version, op, stamp, user_id, content, content_hash, metadata,"
            + " created_at, updated_at)", 11));
        ready.vectors.add(new CopyRows("memory_vector (memory_id, model, op, vector)", 4));
        ready.history.add(
            new CopyRows("history (op, memory_id, version, kind, new_content, new_metadata, at)", 7));
      }
      addTo(ready, next++);
    }
    return ready;
  }

  private void addTo(Ready ready, long number) throws IOException {
    Instant now = Instant.now();
    UUID id = PlainWrites.timeOrdered(now);
    UUID op = PlainWrites.timeOrdered(now);
    String content = generated.content(number);
    ready.core.getLast().row().uuid(id).smallint(1).integer(1).uuid(op).uuid(op)
        .text(String.valueOf(generated.scope(number).user())).text(content)
        .uuid(ContentHash.of(null, content).value()).json("{}").time(now).time(now);
    ready.vectors.getLast().row().uuid(id).smallint(1).uuid(op).bytes(PlainWrites.bytes(generated.vector(number)));
    ready.history.getLast().row().uuid(op).uuid(id).integer(1).smallint(1).text(content).json("{}").time(now);
    ready.ids.add(id);
    ready.ops.add(op);
  }
}
