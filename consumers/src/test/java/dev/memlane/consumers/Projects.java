package dev.memlane.consumers;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The projects of {@code consumers/projects}, copied to {@code target} and built there by a separate Maven process.
 *
 * <p>
 * Its local repository is {@code target/repository}, which holds the artifacts that this build publishes and no others
 * of Memlane. Other libraries are copied from the ordinary local repository if they are there; the rest comes from the
 * registry and stays in {@code target}. With the system property {@code consumers.empty} the local repository begins
 * with Memlane's artifacts alone, and everything else comes from the registry.
 */
final class Projects {

  static final Path REPOSITORY = Path.of("target", "repository").toAbsolutePath();

  private static final Path TARGET = Path.of("target", "projects").toAbsolutePath();
  private static final int MINUTES = 8;

  private static final boolean EMPTY = Boolean.getBoolean("consumers.empty");
  private static final Path REPOSITORY_OF_MEMLANE_ALONE = Path.of("target", "repository-of-memlane-alone")
      .toAbsolutePath();

  private Projects() {}

  static Path directory(String project) {
    return TARGET.resolve(project);
  }

  /** Compiles and packages all projects, once for all tests. Skips the tests if Maven is offline. */
  static void build() {
    assumeFalse(System.getProperty("maven.offline", "").endsWith("true"),
        "Maven is offline, and the projects need artifacts of their own");
    Once.build();
  }

  private static final class Once {

    static {
      try {
        copy(Path.of("projects").toAbsolutePath(), TARGET);
        if (EMPTY) {
          copy(REPOSITORY.resolve("dev"), REPOSITORY_OF_MEMLANE_ALONE.resolve("dev"));
        }
        maven("package", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath",
            "-Dmdep.outputFile=target/classpath", "-Dmdep.includeScope=runtime");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Runs the initializer above at the first call. */
    static void build() {}

    private static void copy(Path source, Path target) throws IOException {
      try (Stream<Path> files = Files.walk(source)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path copy = target.resolve(source.relativize(file).toString());
          Files.createDirectories(copy.resolveSibling(""));
          Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }

    private static void maven(String... goals) throws IOException, InterruptedException {
      Path settings = Path.of("target", "settings.xml").toAbsolutePath();
      Files.writeString(settings, settings());
      String maven = Path.of(System.getProperty("maven.home"), "bin", isWindows() ? "mvn.cmd" : "mvn").toString();
      Path log = Path.of("target", "projects-build.log").toAbsolutePath();
      ProcessBuilder builder = new ProcessBuilder(
          Stream.concat(Stream.of(maven, "--batch-mode", "--no-transfer-progress", "--threads", "2",
              "--global-settings", settings.toString(),
              "-Dmaven.repo.local=" + (EMPTY ? REPOSITORY_OF_MEMLANE_ALONE : REPOSITORY)), Stream.of(goals)).toList())
          .directory(TARGET.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      builder.environment().put("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
      Process process = builder.start();
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IllegalStateException("the projects are not built after " + MINUTES + " minutes; see " + log);
      }
      if (process.exitValue() != 0) {
        List<String> lines = Files.readAllLines(log);
        throw new IllegalStateException(
            "the projects can't be built:\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - 60),
                lines.size())));
      }
    }

    private static String settings() {
      return EMPTY ? "<settings/>\n" : """
          <settings>
            <profiles>
              <profile>
                <id>already-here</id>
                <repositories>
                  <repository>
                    <id>already-here</id>
                    <url>ORDINARY</url>
                    <releases><checksumPolicy>ignore</checksumPolicy></releases>
                    <!-- Memlane's own come from this build. -->
                    <snapshots><enabled>false</enabled></snapshots>
                  </repository>
                </repositories>
                <pluginRepositories>
                  <pluginRepository>
                    <id>already-here</id>
                    <url>ORDINARY</url>
                    <releases><checksumPolicy>ignore</checksumPolicy></releases>
                    <snapshots><enabled>false</enabled></snapshots>
                  </pluginRepository>
                </pluginRepositories>
              </profile>
            </profiles>
            <activeProfiles>
              <activeProfile>already-here</activeProfile>
            </activeProfiles>
          </settings>
          """.replace("ORDINARY", Path.of(System.getProperty("ordinary.repository")).toUri().toString());
    }

    private static boolean isWindows() {
      return System.getProperty("os.name", "").startsWith("Windows");
    }
  }
}
