package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class ServerFileTest {

  private static final String OWNER = ServerFile.newKey();

  @TempDir
  static Path shared;

  @TempDir
  Path directory;

  private static ServerStage stage;

  @BeforeAll
  static void start() {
    stage = new ServerStage(shared, settings -> settings.ownerKey(OWNER).keyRequired(true));
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @Test
  void read_ofAWrittenFile_findsTheServer() throws IOException {
    ServerFile file = ServerFile.of(stage.server(), OWNER);
    file.write(directory);

    ServerFile read = ServerFile.read(directory).orElseThrow();

    assertThat(read).isEqualTo(file);
    assertThat(read.uri()).isEqualTo(stage.server().uri());
    assertThat(read.process()).isEqualTo(ProcessHandle.current().pid());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(ServerFile.NAME))))
        .isEqualTo("rw-------");
    assertThat(file.toString()).doesNotContain(OWNER);
  }

  @Test
  void read_ofAnEndedProcess_findsNothing() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    new ServerFile(URI.create("http://127.0.0.1:1"), ended.pid(), null, OWNER).write(directory);

    assertThat(ServerFile.read(directory)).isEmpty();
  }

  @Test
  void read_ofAProcessIdThatAnotherProcessHasNow_findsNothing() {
    new ServerFile(URI.create("http://127.0.0.1:1"), ProcessHandle.current().pid(), Instant.EPOCH, OWNER)
        .write(directory);

    assertThat(ServerFile.read(directory)).isEmpty();
  }

  @Test
  void read_withoutAFile_findsNothing() {
    assertThat(ServerFile.read(directory)).isEmpty();
  }

  @Test
  void read_ofADamagedFile_failsWithoutItsContent() throws IOException {
    Files.writeString(directory.resolve(ServerFile.NAME), "{\"key\": \"" + OWNER);

    assertThatThrownBy(() -> ServerFile.read(directory)).isInstanceOf(StoreException.class)
        .hasMessageContaining("can't be read").hasMessageNotContaining(OWNER).hasNoCause();
  }

  @Test
  void remove_removesItsOwnFileOnly() {
    ServerFile first = ServerFile.of(stage.server(), ServerFile.newKey());
    ServerFile second = ServerFile.of(stage.server(), ServerFile.newKey());
    first.write(directory);
    second.write(directory);

    first.remove(directory);
    assertThat(ServerFile.read(directory)).contains(second);

    second.remove(directory);
    assertThat(directory.resolve(ServerFile.NAME)).doesNotExist();
  }

  @Test
  void ownerKey_mayDoEverything() {
    TestClient owner = stage.client().withKey(OWNER);

    assertThat(owner.get("/api/v1/memories").status()).isEqualTo(200);
  }

  @Test
  void requestWithoutAKey_isRefusedWhereOneIsRequired() {
    assertThat(stage.client().get("/api/v1/memories").status()).isEqualTo(401);
    assertThat(stage.client().withKey(ServerFile.newKey()).get("/api/v1/memories").status()).isEqualTo(401);
  }
}
