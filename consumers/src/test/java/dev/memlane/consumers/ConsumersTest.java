package dev.memlane.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.PgBouncer;
import dev.memlane.testing.TestServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
      program.report("plain Maven, README's snippet");

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
      program.report("plain Maven, with the documented options");

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
    PgBouncer.require();
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
      program.report(what);
      return String.join("\n", program.lines()) + "\n";
    }
  }

  private static String classPath(String project) throws IOException {
    Path target = Projects.directory(project).resolve("target");
    return target.resolve("classes") + File.pathSeparator
        + Files.readString(target.resolve("classpath")).strip();
  }
}
