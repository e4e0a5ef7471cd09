package dev.memlane.perf.tests.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.perf.tests.kill.Checker.Problem;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server under load is killed, and everything that it had acknowledged over HTTP is there afterwards, and was an event. */
@Tag("slow")
class ServerKillTest {

  @TempDir
  Path directory;

  @Test
  void killedServer_losesNothing() throws Exception {
    long seed = Long.getLong("memlane.seed", 1);
    ServerKillLoad load = new ServerKillLoad(System.out, directory, seed, 1_500)
        .first(ServerKillKind.SERVER, ServerKillKind.SERVER_AND_POSTGRES);

    load.run(3);

    assertThat(load.problems()).as("seed %d", seed).isEmpty();
  }

  @Test
  void damageBehindTheServersBack_isReported() throws Exception {
    try (ServerKillRounds rounds = new ServerKillRounds(directory, 7, 600)) {
      Optional<Attempt> stored = Optional.empty();
      // On a busy machine, the kill may come before the first memory is stored.
      for (int round = 0; round < 10 && stored.isEmpty(); round++) {
        assertThat(rounds.run(ServerKillKind.SERVER).problems()).isEmpty();
        stored = rounds.attempts().stream()
            .filter(attempt -> attempt.answer == Attempt.Answer.STORED && attempt.memory != null).findFirst();
      }
      Attempt lost = stored.orElseThrow();
      damage(rounds, "delete from memlane.history where memory_id = '" + lost.memory + "'",
          "delete from memlane.memory where id = '" + lost.memory + "'",
          "delete from memlane.conversation_message where text = 'message 0'");

      List<Problem> problems = rounds.check();

      assertThat(problems).extracting(Problem::toString)
          .anySatisfy(
              text -> assertThat(text).startsWith("memory " + lost.memory + ": an acknowledged operation is lost"))
          .anySatisfy(text -> assertThat(text).contains(": verify: "))
          .anySatisfy(text -> assertThat(text).startsWith("the conversation of s-"));
    }
  }

  private static void damage(ServerKillRounds rounds, String... statements) throws Exception {
    try (Connection connection = rounds.connect(); Statement statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }
}
