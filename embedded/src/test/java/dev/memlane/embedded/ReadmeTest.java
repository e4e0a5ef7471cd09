package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.JavaCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the README's snippet compiles, runs, and prints what the README says. */
@Tag("slow")
class ReadmeTest {

  @TempDir
  Path directory;

  @Test
  void snippet_unchanged_printsTheReadmesOutput() throws Exception {
    String readme = Files.readString(Path.of("..", "README.md"));
    String snippet = block(readme, "```java\n(.*?)```");
    String printed = block(readme, "It prints\n\n```\n(.*?)```");
    Files.writeString(directory.resolve("Example.java"), snippet);
    Path output = directory.resolve("output.txt");
    Path errors = directory.resolve("errors.txt");

    Process process = new ProcessBuilder(JavaCommand.with("--enable-native-access=ALL-UNNAMED", "-cp",
        System.getProperty("java.class.path"), "Example.java")).directory(directory.toFile())
        .redirectOutput(output.toFile()).redirectError(errors.toFile()).start();

    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("ends").isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    assertThat(Files.readString(output)).isEqualTo(printed);
  }

  private static String block(String text, String pattern) throws IOException {
    Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
    if (!matcher.find()) {
      throw new IOException("the README has no block like " + pattern);
    }
    return matcher.group(1);
  }
}
