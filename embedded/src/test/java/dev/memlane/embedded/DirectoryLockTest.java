package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryLockTest {

  @TempDir
  Path parent;

  @Test
  void acquire_missingDirectory_createsItForOwnerOnly() throws IOException {
    Path directory = parent.resolve("a/b");

    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      assertThat(lock.directory()).isEqualTo(directory.toRealPath());
      assertThat(modeOf(directory)).isEqualTo("rwx------");
      assertThat(modeOf(directory.resolve("lock"))).isEqualTo("rw-------");
    }
  }

  @Test
  void acquire_twiceInOneProcess_isRefused() throws IOException {
    Path link = Files.createSymbolicLink(parent.resolve("link"), Files.createDirectory(parent.resolve("data")));

    try (DirectoryLock lock = DirectoryLock.acquire(parent.resolve("data"))) {
      assertThatExceptionOfType(DirectoryInUseException.class).isThrownBy(() -> DirectoryLock.acquire(link))
          .withMessageContaining(lock.directory().toString()).withMessageContaining("this process");
    }
  }

  @Tag("programs")
  @Test
  void acquire_heldByAnotherProcess_namesDirectoryAndProcess() throws IOException {
    try (OtherProcess other = OtherProcess.startAndAwaitReady("lock", parent)) {
      assertThatExceptionOfType(DirectoryInUseException.class).isThrownBy(() -> DirectoryLock.acquire(parent))
          .withMessageContaining(parent.toRealPath().toString()).withMessageContaining("process " + other.id());
    }
  }

  @Tag("programs")
  @Test
  void acquire_ownerKilled_succeeds() throws IOException {
    OtherProcess.startAndAwaitReady("lock", parent).kill();

    DirectoryLock.acquire(parent).close();
  }

  @Test
  void close_twice_releasesTheDirectory() {
    DirectoryLock first = DirectoryLock.acquire(parent);
    first.close();
    try (DirectoryLock second = DirectoryLock.acquire(parent)) {
      first.close();
      assertThatExceptionOfType(DirectoryInUseException.class).isThrownBy(() -> DirectoryLock.acquire(parent));
      assertThat(second.directory()).isNotNull();
    }
  }

  @Tag("programs")
  @Test
  void acquire_refusedInThisProcess_staysLockedForOthers() throws IOException {
    try (DirectoryLock lock = DirectoryLock.acquire(parent)) {
      assertThatExceptionOfType(DirectoryInUseException.class)
          .isThrownBy(() -> DirectoryLock.acquire(lock.directory()));

      try (OtherProcess other = OtherProcess.start("lock", parent)) {
        assertThat(other.awaitEnd()).contains("DirectoryInUseException")
            .contains("process " + ProcessHandle.current().pid());
      }
    }
  }

  @Test
  void acquire_pathOfFile_isRefused() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));

    assertThatExceptionOfType(StoreException.class).isThrownBy(() -> DirectoryLock.acquire(file))
        .withMessageContaining(file.toString());
  }

  private static String modeOf(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
