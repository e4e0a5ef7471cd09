package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of an assistant compiles and runs, and prints what the documentation says. */
@Tag("slow")
class RememberingAssistantTest {

  @TempDir
  private Path directory;

  @Test
  void example_printsTheDocumentedOutput() throws Exception {
    List<String> compile = new ArrayList<>(List.of("-d", directory.resolve("classes").toString()));
    try (Stream<Path> sources = Files.list(Path.of("..", "..", "examples", "langchain4j"))) {
      sources.map(source -> source.toAbsolutePath().toString()).forEach(compile::add);
    }
    run("javac", compile);

    String output = run("java", List.of("--enable-native-access=ALL-UNNAMED", "RememberingAssistant", "data"));

    Matcher documented = Pattern.compile("It prints\n\n```\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(Path.of("..", "..", "docs", "integrations", "langchain4j.md")));
    assertThat(documented.find()).isTrue();
    assertThat(output).isEqualTo(documented.group(1));
  }

  private String run(String program, List<String> arguments) throws IOException, InterruptedException {
    Path output = directory.resolve(program + ".txt");
    Path errors = directory.resolve(program + "-errors.txt");
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", program).toString(),
        "-cp", directory.resolve("classes") + System.getProperty("path.separator")
            + System.getProperty("java.class.path")));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectOutput(output.toFile())
        .redirectError(errors.toFile()).start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("ends").isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    return Files.readString(output);
  }
}
