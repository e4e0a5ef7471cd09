package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memlane.server.TestClient.Answer;
import dev.memlane.server.internal.dashboard.DashboardHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
class DashboardTest {

  private static final Path SCRIPTS = Path.of("src/test/node/dashboard").toAbsolutePath();
  private static final Path FILES = Path.of("src/main/resources/dev/memlane/server/dashboard").toAbsolutePath();
  private static final Path CHROMIUM = Path
      .of(System.getenv().getOrDefault("CHROMIUM", "/usr/bin/chromium"));
  private static final int MINUTES = 10;

  @TempDir
  static Path directory;

  private static ServerStage stage;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings);
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @Test
  void files_areServedToEverybodyWithTheirPolicy() throws IOException {
    List<String> names;
    try (Stream<Path> all = Files.walk(FILES)) {
      names = all.filter(Files::isRegularFile).map(file -> FILES.relativize(file).toString().replace('\\', '/'))
          .toList();
    }
    assertThat(names).contains("index.html", "app/main.js", "app/pages/overview.js", "style/base.css");
    for (String name : names) {
      Answer file = stage.client().get("/" + name);
      assertThat(file.status()).as(name).isEqualTo(200);
      assertThat(file.text()).isEqualTo(Files.readString(FILES.resolve(name)));
      assertThat(file.header("Content-Security-Policy")).isEqualTo(DashboardHandler.CONTENT_SECURITY_POLICY);
      assertThat(file.header("X-Content-Type-Options")).isEqualTo("nosniff");
    }
    assertThat(stage.client().get("/").text()).isEqualTo(Files.readString(FILES.resolve("index.html")));
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
    assumeTrue(Files.isExecutable(CHROMIUM),
        "Chromium is not installed (Debian: apt install chromium; elsewhere set CHROMIUM to its path)");
    assumeTrue(succeeds("node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)")
        && succeeds("npm", "--version"), "Node 20 or later and npm are not installed");
    Path modules = install();
    try (ServerStage keyed = new ServerStage(Files.createDirectory(directory.resolve("keyed")), settings -> settings)) {
      String key = keyed.keys().create("browser", Role.ADMIN, new Grant.Everything(), null);
      run(modules, Map.of("MEMLANE_URL", stage.server().uri().toString(), "MEMLANE_KEYED_URL",
          keyed.server().uri().toString(), "MEMLANE_KEY", key), "node", "--test", "--test-timeout=300000");
    }
  }

  /** Copies the scripts next to the files that they read, and downloads what they need, so that no source folder changes. */
  private static Path install() throws IOException, InterruptedException {
    Path root = Path.of("target/dashboard-tests").toAbsolutePath();
    Path scripts = root.resolve("src/test/node/dashboard");
    Files.createDirectories(scripts);
    copy(FILES, root.resolve("src/main/resources/dev/memlane/server/dashboard"));
    copy(SCRIPTS, scripts);
    assumeTrue(Files.isDirectory(scripts.resolve("node_modules/playwright-core"))
        || succeedsIn(scripts, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        "npm could not download what the tests need; the network may be missing");
    return scripts;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.filter(Files::isRegularFile).filter(file -> !file.toString().contains("node_modules"))
          .toList()) {
        Path copy = to.resolve(from.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.write(copy, Files.readAllBytes(file));
      }
    }
  }

  private static boolean succeeds(String... command) throws InterruptedException {
    try {
      return succeedsIn(Path.of("."), command);
    } catch (IOException e) {
      // There is no such program.
      return false;
    }
  }

  private static boolean succeedsIn(Path folder, String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).directory(folder.toFile())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      return false;
    }
    return process.exitValue() == 0;
  }

  private static void run(Path folder, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path log = directory.resolve("browser.log");
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of(command))).directory(folder.toFile())
        .redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
    process.destroyForcibly();
    String output = Files.readString(log, StandardCharsets.UTF_8);
    assertThat(ended).as("the scripts end within %d minutes: %s", MINUTES, output).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
  }
}
