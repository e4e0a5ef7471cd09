package dev.memlane.perf.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.perf.tests.Checker.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kill test sees losses: real ones, of a server that acknowledges before it writes, and rows taken away by hand. */
class LossTest {

  private static final long SEED = 7;

  @TempDir
  Path directory;

  @Test
  void serverThatAcknowledgesBeforeItWrites_isFoundToHaveLost() throws Exception {
    try (KillRounds rounds = new KillRounds(directory, SEED, 600)) {
      try (Connection connection = rounds.connect(); Statement statement = connection.createStatement()) {
        statement.execute("alter role memlane set synchronous_commit = off");
        statement.execute("alter system set wal_writer_delay = '10s'");
        statement.execute("select pg_reload_conf()");
      }

      KillRounds.Result result = rounds.run(Kill.PROCESS_AND_SERVER);

      assertThat(result.problems()).extracting(Problem::text)
          .anySatisfy(text -> assertThat(text).startsWith("an acknowledged operation is lost"));
      assertThat(directory.resolve("evidence-round-1")).isDirectoryContaining("glob:**problems.txt");
    }
  }

  @Test
  void rowsTakenAway_areMissedByTheNextRound() throws Exception {
    try (KillRounds rounds = new KillRounds(directory, SEED, 600)) {
      assertThat(rounds.run(Kill.PROCESS).problems()).isEmpty();
      UUID withoutHistory;
      UUID gone;
      try (Connection connection = rounds.connect(); Statement statement = connection.createStatement()) {
        // Under keys of the first round, which nobody writes to in the second.
        String live = "select id from memlane.memory where state = 1 and user_id = 'shared' order by id limit 1";
        withoutHistory = first(statement, live);
        statement.execute("delete from memlane.history where memory_id = '" + withoutHistory + "'");
        gone = first(statement, live + " offset 1");
        statement.execute("delete from memlane.history where memory_id = '" + gone + "'");
        statement.execute("delete from memlane.memory where id = '" + gone + "'");
      }

      KillRounds.Result result = rounds.run(Kill.OPENING);

      assertThat(result.problems()).extracting(Problem::toString)
          .anySatisfy(text -> assertThat(text)
              .startsWith("memory " + withoutHistory + ": after opening: core holds it and the history"))
          .anySatisfy(text -> assertThat(text)
              .startsWith("memory " + withoutHistory + ": core has what the history does not know"))
          .anySatisfy(text -> assertThat(text).startsWith("memory " + gone + ": an acknowledged operation is lost"));
      assertThat(Files.readString(directory.resolve("evidence-round-2").resolve(gone + ".txt")))
          .contains("an acknowledged operation is lost", "core: nothing");
    }
  }

  private static UUID first(Statement statement, String query) throws Exception {
    try (ResultSet rows = statement.executeQuery(query)) {
      rows.next();
      return rows.getObject(1, UUID.class);
    }
  }
}
