package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client in TypeScript. Its types are generated from the running server's OpenAPI document, it is compiled against them, and
 * then used.
 */
@Tag("slow")
class TypeScriptClientTest {

  @TempDir
  Path directory;

  @Test
  void client_withGeneratedTypes_compilesAndWorks() throws Exception {
    NodeScripts scripts = NodeScripts.in("typescript");
    try (ServerStage stage = new ServerStage(directory, settings -> settings)) {
      String url = stage.server().uri().toString();
      String key = stage.keys().create("typescript", Role.ADMIN, new Grant.Everything(), null);

      scripts.run(List.of("node", "node_modules/openapi-typescript/bin/cli.js", url + "/openapi.json", "--output",
          "generated.d.ts"), Map.of());
      scripts.run(List.of("node", "node_modules/typescript/bin/tsc"), Map.of());
      String output = scripts.test(Map.of("MEMLANE_URL", url, "MEMLANE_KEY", key), "built/client.test.js");

      assertThat(output).contains("# pass 5").contains("# fail 0");
    }
  }
}
