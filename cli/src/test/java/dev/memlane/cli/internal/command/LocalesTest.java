package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.memlane.cli.Main;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.Sample;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The program where people write numbers with digits of their own, or an i without a dot: in a JVM of its own, with the
 * embedded server.
 */
@Tag("slow")
class LocalesTest {

  @TempDir
  Path folder;

  private static List<Arguments> locales() {
    return Sample.oneIn(2, List.of(arguments("tr", "TR", true), arguments("fa", "IR", false),
        arguments("ar", "EG", true), arguments("ne", "NP", false)));
  }

  @ParameterizedTest
  @MethodSource("locales")
  void commands_inAnyLocale_writeAsciiDigits(String language, String country, boolean all)
      throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    List<String> command = new ArrayList<>(JavaCommand.with("-Duser.language=" + language, "-Duser.country=" + country,
        "-cp", System.getProperty("java.class.path"), Commands.class.getName(), folder.resolve("data").toString(),
        "stats --json"));
    if (all) {
      command.addAll(List.of("add ISTANBUL-1 --user ada --metadata n=12 --occurred-at 2026-03-02T10:14:00Z --json",
          "search istanbul --user ada --filter n=12 --mode HYBRID --explain", "verify"));
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();

    assertThat(process.waitFor()).as(Files.readString(output)).isZero();

    String said = Files.readString(output);
    assertThat(said.codePoints().filter(Character::isDigit).filter(digit -> digit > '9')).as(said).isEmpty();
    assertThat(said).contains("\"memories\":0");
    if (all) {
      assertThat(said).contains("\"occurredAt\":\"2026-03-02T10:14:00Z\"", "ISTANBUL-1", "All three agree");
    }
  }

  /** Runs commands one after the other, and ends with the status of the first that fails. */
  static final class Commands {

    private Commands() {}

    public static void main(String[] arguments) {
      int status = 0;
      for (int i = 1; i < arguments.length && status == 0; i++) {
        List<String> words = new ArrayList<>(Arrays.asList(arguments[i].split(" ")));
        words.addAll(List.of("--data", arguments[0], "--embedder", "hash"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        status = Main.run(new ByteArrayInputStream(new byte[0]), new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err, words.toArray(String[]::new));
        System.out.println(out.toString(StandardCharsets.UTF_8));
      }
      System.exit(status);
    }
  }
}
