package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.server.ServerLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The settings in file, environment and options. */
class SettingsTest {

  private static final Path PAGE = Path.of("..", "docs", "configuration.md");

  @TempDir
  Path files;

  private record Run(int status, String out, String err) {}

  private static CommandContext context(Path directory, Map<String, String> environment, PrintStream out,
      PrintStream err) {
    Console console = new Console(new ByteArrayInputStream(new byte[0]), out, err, false);
    return new CommandContext(new CommonOptions(), console, environment, directory, new StopSignal(),
        UnaryOperator.identity());
  }

  private Run run(Map<String, String> environment, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status = new Application(context(files, environment, new PrintStream(out, false, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8))).run(arguments);
    return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The settings of a command: each by its name, with its value and where it is from. */
  private Map<String, String> shown(Map<String, String> environment, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--show-configuration", "--json"));
    Run run = run(environment, all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    Map<String, String> shown = new LinkedHashMap<>();
    for (JsonNode row : Json.MAPPER.readTree(run.out())) {
      shown.put(row.path("name").asText(), row.path("value").asText() + " from " + row.path("from").asText());
    }
    return shown;
  }

  private String file(String text) throws IOException {
    return Files.writeString(files.resolve("memlane.toml"), text).toString();
  }

  private void assertRefused(String text, String... parts) throws IOException {
    Run run = run(Map.of(), "keys", "list", "--config", file(text));
    assertThat(run.status()).as(run.err()).isEqualTo(1);
    assertThat(run.err()).contains(parts).contains("memlane.toml").doesNotContain("hidden");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void option_comesBeforeVariable_beforeFile_beforeDefault() throws IOException {
    String file = file(
        "data = \"from-file\"\n[server]\nport = 1\nhost = \"::1\"\nnames = [\"a.example\", \"b.example\"]\n");
    Map<String, String> variables = Map.of("MEMLANE_SERVER_PORT", "2", "MEMLANE_DATA", "from-variable",
        "MEMLANE_DB_USER", "");

    Map<String, String> all = shown(variables, "serve", "--config", file, "--port", "3");
    assertThat(all).containsEntry("server.port", "3 from --port")
        .containsEntry("data", "from-variable from $MEMLANE_DATA").containsEntry("server.host", "::1 from " + file)
        .containsEntry("server.names", "a.example,b.example from " + file)
        .containsEntry("db.user", "- from default");
    assertThat(shown(variables, "--config", file, "--data", "given", "serve"))
        .containsEntry("server.port", "2 from $MEMLANE_SERVER_PORT").containsEntry("data", "given from --data");
    assertThat(shown(Map.of("MEMLANE_CONFIG", file), "serve")).containsEntry("server.port", "1 from " + file);
    assertThat(shown(Map.of(), "serve")).containsEntry("server.port", "7437 from default")
        .containsEntry("data", "memlane-data from default");
  }

  @Test
  void model_isASetting_whichOtherEmbeddersIgnore() throws IOException {
    String file = file("model = \"e5-small-v2\"\n");

    assertThat(shown(Map.of(), "stats", "--config", file)).containsEntry("model", "e5-small-v2 from " + file);
    assertThat(shown(Map.of("MEMLANE_MODEL", "all-minilm-l6-v2"), "stats", "--config", file)).containsEntry("model",
        "all-minilm-l6-v2 from $MEMLANE_MODEL");
    assertThat(run(Map.of(), "stats", "--config", file("model = \"best\"\n")).err())
        .contains("all-minilm-l6-v2, e5-small-v2");
  }

  @Test
  void switches_canBeSetAndUnset() throws IOException {
    String file = file("[mcp]\nallow-user = true\nuser = \"ada\"\n");

    assertThat(shown(Map.of(), "mcp", "--config", file)).containsEntry("mcp.allow-user", "true from " + file)
        .containsEntry("mcp.user", "ada from " + file);
    assertThat(shown(Map.of(), "mcp", "--config", file, "--allow-user"))
        .containsEntry("mcp.allow-user", "true from --allow-user");
    assertThat(shown(Map.of(), "serve", "--config", file, "--mcp-allow-user=false"))
        .containsEntry("mcp.allow-user", "false from --mcp-allow-user").containsEntry("mcp.user", "ada from " + file);
    // The user of other commands is none of these settings.
    assertThat(shown(Map.of(), "stats", "--config", file)).doesNotContainKey("mcp.user");
  }

  @Test
  void secrets_areNotShown() throws IOException {
    String file = file("""
        [db]
        url = "postgresql://ada:hidden@localhost/memlane"
        [embedding]
        model = "m"
        dimension = 8
        [[embedding.endpoints]]
        url = "https://ada:hidden@example.com/v1"
        key-from = "sk-hidden"
        [[embedding.endpoints]]
        url = "https://example.com/v1"
        key-from = "KEY"
        """);
    Map<String, String> variables = Map.of("MEMLANE_DB_PASSWORD", "hidden", "MEMLANE_SERVER_TLS_PASSWORD", "hidden",
        "KEY", "hidden");

    Map<String, String> all = shown(variables, "serve", "--config", file);

    assertThat(all.toString()).doesNotContain("hidden");
    assertThat(all).containsEntry("db.password", "(not shown) from $MEMLANE_DB_PASSWORD")
        .containsEntry("db.url", "(not shown) from " + file)
        .containsEntry("embedding.endpoints.1.key-from", "(not shown) from " + file)
        .containsEntry("embedding.endpoints.2.key-from", "KEY from " + file);
    String password = file("[db]\nurl = \"postgresql://ada:hidden@localhost/memlane\"\n");
    assertThat(run(Map.of(), "list", "--config", password).err()).contains("has a password in it")
        .doesNotContain("hidden");
  }

  @Test
  void unknownNames_areRefusedWithTheNearest() throws IOException {
    assertRefused("[server]\nprot = 1\n", "server.prot is not known there; did you mean server.port?");
    assertRefused("[server.tls]\ncertificat = \"x\"\n", "did you mean server.tls.certificate?");
    assertRefused("[mcp]\nwhatever-it-is = 1\n", "mcp.whatever-it-is is not known there; known are: data, db.url");
    assertRefused("serverr = 1\n", "serverr is not known there; known are:", "server");
    assertRefused("server = 1\n", "server must be a table: [server]");
    assertRefused("[server.port]\nx = 1\n", "server.port must be a value");
    assertRefused("[db]\npassword = \"hidden\"\n", "db.password doesn't belong in the file", "MEMLANE_DB_PASSWORD");
    assertRefused("[server.tls]\npassword = \"hidden\"\n", "MEMLANE_SERVER_TLS_PASSWORD");
    assertRefused("[db\n", "line 1");
  }

  @Test
  void invalidValue_isReportedWithItsPlace() throws IOException {
    Run fromFile = run(Map.of(), "serve", "--config", file("[server]\nport = \"many\"\n"));
    Run fromVariable = run(Map.of("MEMLANE_EMBEDDER", "best"), "list");

    assertThat(fromFile.status()).isEqualTo(2);
    assertThat(fromFile.err()).contains("server.port in ", "memlane.toml", "a whole number");
    assertThat(fromVariable.status()).isEqualTo(2);
    assertThat(fromVariable.err()).contains("embedder in $MEMLANE_EMBEDDER", "it must be one of local, hash");
  }

  @Test
  void limits_areSettings() throws IOException {
    String file = file("[server.limits]\nbody = 1000\nidle = 5\n");

    Map<String, String> all = shown(Map.of("MEMLANE_SERVER_LIMITS_REQUESTS", "0"), "serve", "--config", file,
        "--limit-shutdown", "60");

    assertThat(all).containsEntry("server.limits.body", "1000 from " + file)
        .containsEntry("server.limits.idle", "5 from " + file)
        .containsEntry("server.limits.requests", "0 from $MEMLANE_SERVER_LIMITS_REQUESTS")
        .containsEntry("server.limits.shutdown", "60 from --limit-shutdown")
        .containsEntry("server.limits.connections", "4000 from default");
    ServerLimits usual = ServerLimits.DEFAULT;
    assertThat(shown(Map.of(), "serve")).containsEntry("server.limits.body", usual.longestBody() + " from default")
        .containsEntry("server.limits.headers", usual.longestHeaders() + " from default")
        .containsEntry("server.limits.requests", usual.requestsPerSecond() + " from default")
        .containsEntry("server.limits.streams", usual.mostStreams() + " from default")
        .containsEntry("server.limits.idle", usual.idle().toSeconds() + " from default");
    Run none = run(Map.of(), "serve", "--limit-body", "0");
    assertThat(none.status()).isEqualTo(2);
    assertThat(none.err()).contains("limits must be positive");
    assertThat(run(Map.of(), "serve", "--limit-body", "64 MB").err()).contains("a whole number");
  }

  @Test
  void brokenFile_doesNotKeepHelpFromBeingShown() throws IOException {
    assertThat(run(Map.of("MEMLANE_CONFIG", file("[")), "serve", "--help").out()).startsWith("Usage: memlane serve");
    assertThat(run(Map.of("MEMLANE_CONFIG", file("[")), "serve", "--show-configuration").err()).contains("line 1");
  }

  @Test
  void properties_haveTheSameNames() throws IOException {
    Path file = Files.writeString(files.resolve("memlane.properties"),
        "server.port=1\nserver.names.1=a.example\nserver.names.2=b.example\nserver.tls.key-store=store.p12\n");

    assertThat(shown(Map.of(), "serve", "--config", file.toString())).containsEntry("server.port", "1 from " + file)
        .containsEntry("server.names", "a.example,b.example from " + file)
        .containsEntry("server.tls.key-store", "store.p12 from " + file);
  }

  /** The options of all commands that are settings, by the setting's name. */
  private Map<String, Set<String>> options() {
    Map<String, Set<String>> options = new LinkedHashMap<>();
    SettingNames.ALL.forEach(name -> options.put(name, new TreeSet<>()));
    PrintStream none = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
    collect(new Application(context(files, Map.of(), none, none)).commandLine(), options);
    return options;
  }

  private static void collect(CommandLine command, Map<String, Set<String>> options) {
    for (OptionSpec option : command.getCommandSpec().options()) {
      String name = SettingNames.of(option);
      if (name != null) {
        options.computeIfAbsent(name, each -> new TreeSet<>()).add((command.getParent() == null || option.inherited()
            ? ""
            : command.getCommandSpec().qualifiedName().replaceFirst("memlane ", "") + " ")
            + SettingNames.shown(option));
      }
    }
    command.getSubcommands().values().forEach(inner -> collect(inner, options));
  }

  @Test
  void page_hasAllSettings() throws IOException {
    List<String> rows = new ArrayList<>();
    options().forEach((name, options) -> {
      assertThat(options).as(name).isNotEmpty();
      TreeSet<String> written = new TreeSet<>();
      options.forEach(option -> written.add("`" + option + "`"));
      rows.add("| `" + name + "` | `" + SettingNames.variable(name) + "` | " + String.join(", ", written) + " |");
    });

    assertThat(Files.readAllLines(PAGE).stream().filter(line -> line.startsWith("| `"))
        .map(line -> line.substring(0, line.lastIndexOf('|', line.length() - 2) + 1)))
        .containsExactlyElementsOf(rows);
  }
}
