package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** mem0's own clients for Node, in two versions, unchanged against the server. */
@Tag("slow")
class Mem0ClientsTest {

  @TempDir
  Path directory;

  @Test
  void clients_workUnchanged() throws Exception {
    NodeScripts scripts = NodeScripts.in("mem0");
    try (ServerStage stage = new ServerStage(directory, settings -> settings)) {
      String key = stage.keys().create("mem0", Role.ADMIN, new Grant.Everything(), null);

      String output = scripts.test(Map.of("MEMLANE_URL", stage.server().uri().toString(), "MEMLANE_KEY", key));

      assertThat(output).contains("# pass 6").contains("# fail 0");
    }
  }
}
