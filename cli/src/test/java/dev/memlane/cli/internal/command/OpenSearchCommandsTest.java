package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands whose index is on OpenSearch: each is a process of its own, with nothing but the database and the cluster. */
@Tag("slow")
class OpenSearchCommandsTest {

  private final String database = TestServer.freshDatabase();

  @TempDir
  private Path folder;

  @Test
  void commands_shareOneIndex_andKeepNoneInTheirDirectories() {
    CommandRunner one = on("one", database, "shared");
    assertThat(one.run("add", "Ada plays the oboe", "--user", "ada").status()).isZero();
    CommandRunner other = on("other", database, "shared");
    other.variable("MEMLANE_OPENSEARCH_ROUTING", "memory");

    Run found = other.run("search", "oboe", "--user", "ada", "--json");

    assertThat(found.status()).isZero();
    assertThat(found.json().findValuesAsText("content")).containsExactly("Ada plays the oboe");
    assertThat(other.run("verify").out()).contains("agree");
    for (String name : new String[]{"one", "other"}) {
      assertThat(folder.resolve(name)).isDirectoryNotContaining(file -> file.endsWith("vectors"));
    }
  }

  @Test
  void anotherDatabase_isRefused_untilTheIndexIsBuiltForIt() {
    on("one", database, "moved").run("add", "Ada plays the oboe", "--user", "ada");
    CommandRunner other = on("two", TestServer.freshDatabase(), "moved");

    Run refused = other.run("add", "Bob sings", "--user", "bob");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("holds the memories of another database", "memlane reindex");

    assertThat(other.run("reindex").status()).isZero();
    assertThat(other.run("add", "Bob sings", "--user", "bob").status()).isZero();
    assertThat(on("one", database, "moved").run("search", "oboe", "--user", "ada").err())
        .contains("holds the memories of another database");
  }

  @Test
  void userWithoutPassword_isRefused() {
    Run refused = on("one", database, "shared").run("list", "--opensearch-user", "ada");

    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err()).contains("--opensearch-user needs a password: put it into $MEMLANE_OPENSEARCH_PASSWORD");
  }

  private CommandRunner on(String directory, String database, String index) {
    CommandRunner runner = new CommandRunner(folder.resolve(directory), folder, database);
    runner.variable("MEMLANE_OPENSEARCH_URLS", TestCluster.shared().hosts().getFirst().toString());
    runner.variable("MEMLANE_OPENSEARCH_INDEX", "cli-" + index);
    runner.variable("MEMLANE_OPENSEARCH_REPLICAS", "0");
    // So that a command finds only what the one before it has made visible.
    runner.variable("MEMLANE_OPENSEARCH_REFRESH", "60");
    return runner;
  }
}
