package dev.memlane.perf.tests.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.perf.tests.kill.Checker.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kill test sees losses: real ones, of a server that acknowledges before it writes, and rows taken away by hand.
 */
@Tag("slow")
class LossTest {

  private static final long SEED = 7;

  @TempDir
  Path directory;

  @Test
  void serverThatAcknowledgesBeforeItWrites_isReportedAsLoss() throws Exception {
    try (KillRounds rounds = new KillRounds(directory, SEED, 600)) {
      try (Connection connection = rounds.connect(); Statement statement = connection.createStatement()) {
        statement.execute("alter role memlane set synchronous_commit = off");
        // What is acknowledged then stays in the server's own memory for long, which the kill takes with it.
        statement.execute("alter system set wal_writer_delay = '10s'");
        statement.execute("alter system set wal_writer_flush_after = '512MB'");
        statement.execute("select pg_reload_conf()");
      }

      // The writers are at it until the server is gone.
      KillRounds.Result result = rounds.run(KillKind.SERVER);

      assertThat(result.problems()).extracting(Problem::text)
          .anySatisfy(text -> assertThat(text).startsWith("an acknowledged operation is lost"));
      assertThat(directory.resolve("evidence-round-1")).isDirectoryContaining("glob:**problems.txt");
    }
  }

  @Test
  void removedRows_areReported() throws Exception {
    try (KillRounds rounds = new KillRounds(directory, SEED, 600)) {
      assertThat(rounds.run(KillKind.PROCESS).problems()).isEmpty();
      List<UUID> acknowledged = rounds.attempts().stream().filter(attempt -> attempt.answer == Attempt.Answer.STORED)
          .flatMap(attempt -> Stream.ofNullable(attempt.memory)).map(MemoryId::value).distinct().limit(2).toList();
      UUID withoutHistory = acknowledged.getFirst();
      UUID gone = acknowledged.getLast();
      try (Connection connection = rounds.connect(); Statement statement = connection.createStatement()) {
        statement.execute("delete from memlane.history where memory_id in ('" + withoutHistory + "', '" + gone + "')");
        statement.execute("delete from memlane.memory where id = '" + gone + "'");
      }

      List<Problem> problems = rounds.check();

      assertThat(problems).extracting(Problem::toString)
          .anySatisfy(text -> assertThat(text)
              .startsWith("memory " + withoutHistory + ": after opening: core holds it and the history"))
          .anySatisfy(text -> assertThat(text)
              .startsWith("memory " + withoutHistory + ": core has a memory that the history does not have"))
          .anySatisfy(text -> assertThat(text).startsWith("memory " + gone + ": an acknowledged operation is lost"));
      assertThat(Files.readString(directory.resolve("evidence-round-1").resolve(gone + ".txt")))
          .contains("an acknowledged operation is lost", "core: nothing");
    }
  }
}
