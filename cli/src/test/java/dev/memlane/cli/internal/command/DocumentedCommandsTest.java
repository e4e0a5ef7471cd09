package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.cli.Main;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.StopSignal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.ParameterException;

/** The commands in documents, in the unit and in the container recipe, as the command line itself reads them. */
class DocumentedCommandsTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path OPERATIONS = ROOT.resolve("docs/operations");
  private static final Pattern FENCED = Pattern.compile("(?ms)^```(\\w*)\n(.*?)^```$");
  /** A word, perhaps with quotes, or what ends a command. */
  private static final Pattern WORD = Pattern.compile("(?:\"[^\"]*\"|'[^']*'|[^\\s\"'|>&#])+|[|>&#]");
  private static final Pattern VARIABLE = Pattern.compile("MEMLANE_[A-Z_]+");

  private static void assertUnderstood(List<String> arguments) {
    PrintStream none = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
    CommandContext context = new CommandContext(new CommonOptions(),
        new Console(new ByteArrayInputStream(new byte[0]), none, none, false), Map.of(), ROOT, new StopSignal(),
        UnaryOperator.identity());
    try {
      var unused = new Application(context).commandLine().parseArgs(arguments.toArray(String[]::new));
    } catch (ParameterException e) {
      throw new AssertionError("memlane " + String.join(" ", arguments) + ": " + e.getMessage(), e);
    }
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    for (MatchResult word : (Iterable<MatchResult>) WORD.matcher(line).results()::iterator) {
      if (word.group().matches("[|>&#]")) {
        break;
      }
      words.add(word.group().replaceAll("[\"']", ""));
    }
    return words;
  }

  private static List<Path> documents() throws IOException {
    try (Stream<Path> pages = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(Stream.of(ROOT.resolve("README.md")), pages.filter(page -> page.toString().endsWith(".md")))
          .toList();
    }
  }

  @Test
  void documents_haveCommandsThatAreUnderstood() throws IOException {
    int commands = 0;
    for (Path page : documents()) {
      String text = Files.readString(page).replace("\\\n", " ");
      for (MatchResult block : FENCED.matcher(text).results().toList()) {
        for (String line : block.group(2).lines().filter(each -> each.startsWith("./memlane ")).toList()) {
          assertUnderstood(words(line.substring("./memlane ".length())));
          commands++;
        }
      }
    }
    assertThat(commands).isGreaterThan(20);
  }

  @Test
  void unit_startsACommandThatIsUnderstood() throws IOException {
    String start = Files.readAllLines(OPERATIONS.resolve("memlane.service")).stream()
        .filter(line -> line.startsWith("ExecStart=")).findFirst().orElseThrow();
    List<String> words = words(start);

    assertThat(words).contains(Main.class.getName());
    assertUnderstood(words.subList(words.indexOf(Main.class.getName()) + 1, words.size()));
  }

  @Test
  void image_startsACommandThatIsUnderstood() throws IOException {
    List<String> recipe = Files.readAllLines(OPERATIONS.resolve("Containerfile"));

    assertThat(list(recipe, "ENTRYPOINT ")).endsWith(Main.class.getName());
    assertUnderstood(list(recipe, "CMD "));
    List<String> runs = Files.readAllLines(OPERATIONS.resolve("running.md")).stream()
        .filter(line -> line.startsWith("podman run --rm")).toList();
    assertThat(runs).isNotEmpty();
    runs.forEach(line -> assertUnderstood(words(line.substring(line.lastIndexOf(" memlane ") + " memlane ".length()))));
  }

  private static List<String> list(List<String> recipe, String instruction) throws IOException {
    String line = recipe.stream().filter(each -> each.startsWith(instruction)).findFirst().orElseThrow();
    List<String> words = new ArrayList<>();
    Json.MAPPER.readTree(line.substring(instruction.length())).forEach(word -> words.add(word.asText()));
    return words;
  }

  @Test
  void variables_areThoseOfSettings() throws IOException {
    Set<String> known = new TreeSet<>(Set.of("MEMLANE_CONFIG", "MEMLANE_JAVA_OPTS"));
    Stream.concat(SettingNames.ALL.stream(), SettingNames.SECRET.stream())
        .forEach(name -> known.add(SettingNames.variable(name)));
    try (Stream<Path> files = Files.list(OPERATIONS)) {
      for (Path file : files.toList()) {
        assertThat(VARIABLE.matcher(Files.readString(file)).results().map(MatchResult::group))
            .as(String.valueOf(file)).allSatisfy(name -> assertThat(known).contains(name));
      }
    }
  }
}
