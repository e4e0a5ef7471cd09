package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.lanes.LaneStats;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.storage.tasks.NewTask;
import dev.memlane.storage.tasks.Submission;
import dev.memlane.testing.TestServer;
import dev.memlane.testing.EmbeddingProvider;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationTest {

  private static final String TWO_ENDPOINTS = """
      [embedding]
      model = "test"
      dimension = 8
      policy = "weighted"
      attempts = 3

      [[embedding.endpoints]]
      name = "one"
      url = "%s"
      key-from = "KEY_ONE"
      concurrency = 2
      requests-per-minute = 60_000
      timeout = 2.5
      weight = 3

      [[embedding.endpoints]]
      name = "two"
      url = "%s"
      key-from = "KEY_TWO"
      """;

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(files.resolve(name), text);
  }

  private static void assertRefused(Path file, Map<String, String> environment, String... parts) {
    assertThatThrownBy(() -> Configuration.read(file).embedders(environment)).isInstanceOf(CommandFailure.class)
        .hasMessageContainingAll(parts).hasMessageNotContaining("sk-");
  }

  @Test
  void read_toml_makesThePool() throws IOException {
    Path file = file("memlane.toml", TWO_ENDPOINTS.replace("%s", "https://example.com/v1"));

    EmbedderPool pool = Configuration.read(file).embedders(Map.of("KEY_ONE", "sk-1", "KEY_TWO", "sk-2"));

    assertThat(pool).hasToString("EmbedderPool[test, 8 dimensions, WEIGHTED, one, two]");
  }

  @Test
  void read_properties_makesThePool() throws IOException {
    Path file = file("memlane.properties", """
        embedding.model=test
        embedding.dimension=8
        embedding.endpoints.1.url=https://my.openai.azure.com
        embedding.endpoints.1.deployment=mine
        embedding.endpoints.1.api-version=2024-10-21
        embedding.endpoints.1.key-from=KEY_ONE
        """);

    EmbedderPool pool = Configuration.read(file).embedders(Map.of("KEY_ONE", "sk-1"));

    assertThat(pool).hasToString("EmbedderPool[test, 8 dimensions, LEAST_LOADED, endpoint 1]");
  }

  @Tag("programs")
  @Test
  void read_lanes_areTheDefaultOnesAndThoseOfTheFile() throws IOException {
    Path file = file("lanes.toml", """
        [lanes.reports]
        durable = true
        concurrency = 2
        timeout = 600
        [lanes.query]
        queue-bound = 7
        """);
    LaneConfiguration lanes = Objects.requireNonNull(Configuration.read(file).lanes());
    try (Database database = Database.builder(TestServer.freshDatabase()).poolSize(5).open()) {
      try (DurableLanes opened = lanes.open(database, files)) {
        assertThat(opened.stats()).extracting(LaneStats::lane).containsExactly("reports", "query", "control", "execute",
            "generate");
        assertThat(opened).asString().contains(Files.readString(files.resolve("lanes-runner")));
        assertThat(opened.submit("reports", NewTask.of("x", "1").key("k"))).isInstanceOf(Submission.Accepted.class);
      }
      try (DurableLanes again = lanes.open(database, files)) {
        assertThat(again.submit("reports", NewTask.of("x", "1").key("k"))).as("the same runner")
            .isInstanceOf(Submission.Duplicate.class);
      }
      LaneConfiguration impossible = Objects
          .requireNonNull(Configuration.read(file("b.toml", "[lanes.x]\nconcurrency = 0\n")).lanes());
      assertThatThrownBy(() -> impossible.open(database, files)).isInstanceOf(CommandFailure.class)
          .hasMessageContainingAll("[lanes]", "lane x: concurrency is 0");
    }
    assertThatThrownBy(() -> Configuration.read(file("c.toml", "[lanes.x]\nspeed = 1\n")))
        .hasMessageContainingAll("speed is not known there", "concurrency");
    assertThatThrownBy(() -> Configuration.read(file("d.toml", "[lanes]\nx = 1\n")))
        .isInstanceOf(CommandFailure.class).hasMessageContaining("lanes.x");
  }

  @Test
  void read_emptyFile_isTheLocalModel() throws IOException {
    assertThat(Configuration.read(file("empty.toml", "")).embedders(Map.of())).isNull();
  }

  @Test
  void read_longNames_areShortenedInMessages() throws IOException {
    String name = "x".repeat(10_000);
    for (String text : List.of(name + " = 1\n", "[embedding]\n" + name + " = 1\n", "[embedding." + name + "]\n",
        "[embedding]\npolicy = \"" + name + "\"\nmodel = \"m\"\ndimension = 8\n[[embedding.endpoints]]\n"
            + "url = \"https://example.com\"\n")) {
      Path file = file("long.toml", text);
      assertThatThrownBy(() -> Configuration.read(file).embedders(Map.of())).isInstanceOf(CommandFailure.class)
          .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1_000));
    }
  }

  @Test
  void read_invalidSetting_isReportedWithItsPath() throws IOException {
    String endpoint = "[embedding]\nmodel = \"m\"\ndimension = 8\n[[embedding.endpoints]]\n";
    assertRefused(files.resolve("missing.toml"), Map.of(), "can't be read", "missing.toml");
    assertRefused(file("a.toml", "[embedding\n"), Map.of(), "a.toml, line 1");
    assertRefused(file("b.toml", "[embeding]\n"), Map.of(), "embeding is not known", "embedding");
    assertRefused(file("c.toml", endpoint + "api-key = \"sk-mine\"\n"), Map.of(), "endpoints[1].api-key",
        "keys don't belong in the file", "key-from");
    assertRefused(file("d.toml", endpoint + "url = \"https://example.com\"\nkey-from = \"sk-mine\"\n"), Map.of(),
        "key-from of endpoint 1", "environment variable");
    assertRefused(file("e.toml", endpoint), Map.of(), "url of endpoint 1 is missing");
    assertRefused(file("f.toml", "[embedding]\nmodel = \"m\"\n"), Map.of(), "without [[embedding.endpoints]]");
    assertRefused(file("g.toml", endpoint + "url = \"http://example.com/v1\"\nkey-from = \"K\"\n"), Map.of("K", "sk-1"),
        "unencrypted");
    assertRefused(file("h.toml", endpoint.replace("dimension", "policy = \"first\"\ndimension")), Map.of(),
        "policy is 'first'", "least-loaded");
    assertRefused(file("i.toml", endpoint + "concurrency = \"many\"\n"), Map.of(), "endpoints[1].concurrency");
    assertRefused(file("j.toml", endpoint + "url = \"https://example.com\"\ntexts = 0\n"), Map.of(),
        "texts of endpoint 1");
  }

  private record Run(int status, String out, String err) {}

  private Run run(Map<String, String> environment, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(new ByteArrayInputStream(new byte[0]),
        new PrintStream(out, false, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), false);
    CommandContext context = new CommandContext(new CommonOptions(), console, environment, files, new StopSignal(),
        UnaryOperator.identity());
    int status = new Application(context).run(arguments);
    return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void commands_withEndpoints_useAndShowThem() throws IOException {
    try (EmbeddingProvider provider = EmbeddingProvider.start(8)) {
      EmbeddingProvider.Key one = provider.key("sk-1");
      provider.key("sk-2");
      Path configuration = file("memlane.toml", TWO_ENDPOINTS.replace("%s", provider.url()));
      Path lines = file("lines.jsonl", IntStream.range(0, 300)
          .mapToObj(i -> "{\"content\":\"fact number " + i + "\",\"user\":\"ada\"}").collect(Collectors.joining("\n")));
      Map<String, String> environment = Map.of("MEMLANE_DATA", files.resolve("data").toString(), "MEMLANE_CONFIG",
          configuration.toString(), "KEY_ONE", "sk-1", "KEY_TWO", "sk-bad");

      Run ingested = run(environment, "ingest", lines.toString());
      Run found = run(environment, "search", "fact number 7", "--user", "ada", "--json");
      Run stats = run(environment, "stats", "--json");
      Run both = run(environment, "stats", "--config", configuration.toString(), "--embedder", "hash");

      assertThat(ingested.status()).as(ingested.err()).isZero();
      assertThat(ingested.out()).contains("300 stored", "one", "two", "out", "status 401", "in flight");
      assertThat(ingested.out() + ingested.err()).doesNotContain("sk-1", "sk-bad");
      assertThat(found.out()).contains("fact number 7");
      JsonNode endpoints = Json.MAPPER.readTree(stats.out()).path("embedding").path("endpoints");
      assertThat(endpoints.findValuesAsText("name")).containsExactly("one", "two");
      assertThat(endpoints.findValuesAsText("limit")).containsExactly("2", "2");
      assertThat(both.status()).isEqualTo(2);
      assertThat(both.err()).contains("--embedder and --config");
      assertThat(one.texts()).isEqualTo(301);
    }
  }
}
