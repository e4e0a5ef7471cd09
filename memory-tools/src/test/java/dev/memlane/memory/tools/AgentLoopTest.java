package dev.memlane.memory.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.JavaCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of an agent loop runs, and prints what the documentation says, but for ids and times. */
@Tag("slow")
class AgentLoopTest {

  @TempDir
  private Path directory;

  @Test
  void example_printsTheDocumentedOutput() throws Exception {
    Path output = directory.resolve("output.txt");
    Path errors = directory.resolve("errors.txt");

    Process process = new ProcessBuilder(JavaCommand.with("--enable-native-access=ALL-UNNAMED", "-cp",
        System.getProperty("java.class.path"), Path.of("..", "examples", "AgentLoop.java").toAbsolutePath().toString(),
        "data")).directory(directory.toFile())
        .redirectOutput(output.toFile()).redirectError(errors.toFile()).start();

    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("ends").isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    Matcher documented = Pattern.compile("It prints\n\n```\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(Path.of("..", "docs", "tools.md")));
    assertThat(documented.find()).isTrue();
    assertThat(masked(Files.readString(output))).isEqualTo(masked(documented.group(1)));
  }

  private static String masked(String text) {
    return text.replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID")
        .replaceAll("(\"(?:updatedAt|at)\":\")[^\"]*", "$1TIME").replaceAll("(\"score\":)[0-9.]+", "$1SCORE");
  }
}
