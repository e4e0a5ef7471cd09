package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.server.AuditLog;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that work on a directory itself leave the same traces in the audit log as those that go through a server. */
@Tag("programs")
class AuditedCommandsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  @SuppressWarnings("NullAway.Init") // set before each test
  private CommandRunner runner;

  @BeforeEach
  void openDatabase() {
    runner = new CommandRunner(files.resolve("data"), files, TestServer.freshDatabase(TABLES));
  }

  /** The ends of the acts in a log: each as action, outcome and counts. */
  private static List<String> ends(Path log) throws IOException {
    List<String> ends = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      JsonNode entry = Json.MAPPER.readTree(line);
      assertThat(entry.path("by").path("entrance").asText()).isEqualTo("command");
      assertThat(line).doesNotContain("oboe").doesNotContain("topic");
      if (entry.path("phase").asText().equals("ended")) {
        ends.add(entry.path("action").asText() + " " + entry.path("target") + " " + entry.path("outcome").asText() + " "
            + entry.path("counts"));
      }
    }
    return ends;
  }

  private String add(String content) {
    return runner.json("add", content, "--user", "ada", "-m", "topic=music").path("id").asText();
  }

  @Test
  void administrativeCommands_areLogged() throws IOException {
    String one = add("Ada plays the oboe");
    add("Ada plays the cello");
    add("Ada plays the harp");
    runner.json("list", "--user", "ada");
    Path archive = files.resolve("all.jsonl");

    runner.json("export", archive.toString());
    runner.json("delete", one, "--purge-history");
    runner.json("delete", "--all", "--user", "ada", "--filter", "topic=music", "--yes");
    runner.json("delete", "--all", "--user", "ada", "--purge-history", "--yes");
    runner.run("import", archive.toString());
    runner.json("verify", "--repair");
    runner.json("reindex");

    assertThat(ends(files.resolve("data").resolve(AuditLog.NAME))).satisfiesExactly(
        line -> assertThat(line).startsWith("export {\"everything\":true} done {\"memories\":3}"),
        line -> assertThat(line).startsWith("erase {\"memory\":\"" + one + "\"} done {\"purged\":1}"),
        line -> assertThat(line).startsWith("delete {\"scope\":{\"user\":\"ada\"},\"filtered\":true} done"),
        line -> assertThat(line).startsWith("erase {\"scope\":{\"user\":\"ada\"}} done"),
        line -> assertThat(line).startsWith("import {\"everything\":true} done"),
        line -> assertThat(line).startsWith("verify {\"everything\":true,\"repair\":true} done"),
        line -> assertThat(line).startsWith("reindex {\"everything\":true} done"));
  }

  @Test
  void act_thatIsNotDone_hasNoBeginning_andOneThatFailsHasAnEnd() throws IOException {
    Path log = files.resolve("elsewhere.jsonl");
    runner.variable("MEMLANE_SERVER_AUDIT_LOG", log.toString());
    add("Ada plays the oboe");

    assertThat(runner.run("delete", "--all", "--user", "ada").status()).as("without --yes").isEqualTo(2);
    assertThat(log).doesNotExist();
    assertThat(runner.run("delete", "0198c5a2-7c1e-7a50-9d53-0242ac120002", "--purge-history").status()).isEqualTo(1);

    assertThat(ends(log)).singleElement().asString().startsWith("erase").contains("failed");
    assertThat(files.resolve("data").resolve(AuditLog.NAME)).doesNotExist();
  }

  @Test
  void act_thatCantBeLogged_isNotDone() throws IOException {
    add("Ada plays the oboe");
    Path directory = Files.createDirectory(files.resolve("directory"));
    runner.variable("MEMLANE_SERVER_AUDIT_LOG", directory.toString());

    CommandRunner.Run run = runner.run("delete", "--all", "--user", "ada", "--yes");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("the audit log can't be written, so nothing was done");
    assertThat(runner.json("list", "--user", "ada").path("memories")).hasSize(1);
  }
}
