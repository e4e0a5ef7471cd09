package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.OpenAiChatModel;
import dev.memlane.lanes.Lane;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.TestClient.Answer;
import dev.memlane.server.internal.dashboard.DashboardHandler;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.TestNeeds;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard: its files over HTTP, and in a browser against a real server. The tests in the browser are scripts in
 * {@code src/test/node/dashboard}; they need Node, npm and Chromium, and are skipped where one of them is missing.
 */
@Tag("programs")
class DashboardTest {

  private static final String FILES = "src/main/resources/dev/memlane/server/dashboard";
  private static final Path CHROMIUM = Path
      .of(System.getenv().getOrDefault("CHROMIUM", "/usr/bin/chromium"));

  /** The first of HOSTILE in stub-api.mjs. */
  private static final String HOSTILE = "<img src=x onerror=\"document.title='broken'\">";

  @TempDir
  static Path directory;

  private static Database database;
  private static DurableLanes lanes;
  private static ServerStage stage;

  @BeforeAll
  static void start() {
    database = Database.builder(TestServer.freshDatabase()).poolSize(5).open();
    lanes = DurableLanes.builder(database).durableLane(Lane.of("reports")).defaultLanes().open();
    stage = new ServerStage(directory, settings -> settings.lanes(lanes));
  }

  @AfterAll
  static void stop() {
    stage.close();
    lanes.close();
    database.close();
  }

  @Test
  void files_areServedToEverybodyWithTheirPolicy() throws IOException {
    Path files = Path.of(FILES);
    List<String> names;
    try (Stream<Path> all = Files.walk(files)) {
      names = all.filter(Files::isRegularFile).map(file -> files.relativize(file).toString().replace('\\', '/'))
          .toList();
    }
    assertThat(names).contains("index.html", "app/main.js", "app/pages/overview.js", "style/base.css");
    for (String name : names) {
      Answer file = stage.client().get("/" + name);
      assertThat(file.status()).as(name).isEqualTo(200);
      assertThat(file.text()).isEqualTo(Files.readString(files.resolve(name)));
      assertThat(file.header("Content-Security-Policy")).isEqualTo(DashboardHandler.CONTENT_SECURITY_POLICY);
      assertThat(file.header("X-Content-Type-Options")).isEqualTo("nosniff");
    }
    assertThat(stage.client().get("/").text()).isEqualTo(Files.readString(files.resolve("index.html")));
  }

  @Test
  void otherPaths_areNotFound() {
    for (String path : List.of("/app/", "/app/pages", "/app/none.js", "/openapi.js", "/app/../openapi.json.js",
        "/META-INF/MANIFEST.MF", "/dev/memlane/server/dashboard/index.html", "/app%2fmain.js", "/style/base.css/x",
        "/app/..%2f..%2f..%2fserver/openapi.json")) {
      assertThat(stage.client().get(path).status()).as(path).isBetween(400, 499);
    }
    assertThat(stage.client().post("/", "{}").status()).isEqualTo(404);
  }

  @Test
  @Tag("slow")
  void dashboard_inABrowser_passesItsTests() throws IOException, InterruptedException {
    TestNeeds.require(Files.isExecutable(CHROMIUM),
        "Chromium is not installed (Debian: apt install chromium; elsewhere set CHROMIUM to its path)");
    NodeScripts scripts = NodeScripts.in("dashboard").with(FILES);
    String url = TestServer.freshDatabase();
    try (ChatProvider provider = ChatProvider.start(new NoteScript());
        MemoryOrchestrator remembering = MemoryOrchestrator.builder().postgres(url, null, null)
            .indexDirectory(directory.resolve("facts")).embedder(new HashEmbedder()).open();
        Database factsDatabase = Database.builder(url).poolSize(4).open();
        OpenAiChatModel model = OpenAiChatModel.at(provider.url(), "test").build();
        MemoryExtractor extractor = MemoryExtractor.builder(remembering, factsDatabase, model).build();
        MemlaneServer facts = MemlaneServer.builder(remembering).port(0).start();
        ServerStage keyed = new ServerStage(Files.createDirectory(directory.resolve("keyed")), settings -> settings)) {
      String key = keyed.keys().create("browser", Role.ADMIN, new Grant.Everything(), null);

      String fact = remembered(remembering, extractor, "first", "note: home is " + HOSTILE);
      assertThat(remembered(remembering, extractor, "second", "note: home is Faro")).isEqualTo(fact);

      String output = scripts.test(Map.of("MEMLANE_URL", stage.server().uri().toString(), "MEMLANE_KEYED_URL",
          keyed.server().uri().toString(), "MEMLANE_KEY", key, "MEMLANE_FACTS_URL", facts.uri().toString(),
          "MEMLANE_FACT", fact));

      assertThat(output).contains("# fail 0").contains("# skipped 0").doesNotContain("# pass 0");
    }
  }

  /** Has a conversation of Ada's remembered, and returns the id of her only fact. */
  private static String remembered(MemoryOrchestrator memory, MemoryExtractor extractor, String run, String text)
      throws InterruptedException {
    Scope conversation = Scope.user("ada").withRun(run);
    memory.blocking().conversations().append(conversation,
        List.of(NewMessage.of(MessageRole.USER, text, "text", "")));
    try {
      var unused = extractor.remember(conversation).get(60, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("it was not remembered", e);
    }
    return memory.blocking().list(Scope.user("ada"), null, null, 10).memories().getFirst().id().toString();
  }
}
