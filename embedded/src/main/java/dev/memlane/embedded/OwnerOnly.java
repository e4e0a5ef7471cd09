package dev.memlane.embedded;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Operations on files and directories that only their owner can read, on file systems with owners. */
final class OwnerOnly {

  private static final boolean POSIX = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int STICKY = 01000;

  private OwnerOnly() {}

  /** The attributes to create a file with, so that others can't open it at any moment. */
  static FileAttribute<?>[] file() {
    return attributes("rw-------");
  }

  /** Creates a directory and its missing parents. Existing directories stay as they are. */
  static void createDirectories(Path directory) throws IOException {
    // Checked first, because createDirectories fails for a symbolic link to a directory.
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory, attributes("rwx------"));
    }
  }

  static Path createTemporaryDirectory(Path parent, String prefix) throws IOException {
    return Files.createTempDirectory(parent, prefix, attributes("rwx------"));
  }

  /** Creates or replaces a file in one step: a crash leaves the old text or the new one. */
  static void write(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    Files.createFile(fresh, file());
    Files.writeString(fresh, text, StandardOpenOption.SYNC);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  static void setExecutable(Path file) throws IOException {
    if (POSIX) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
  }

  /**
   * Whether no other user except root can replace this directory or put anything into it. Then it and all directories
   * above it belong to this user or to root, and others can't write there (or, as in {@code /tmp}, can't rename).
   */
  static boolean isOutOfReach(Path directory, int user) throws IOException {
    if (!POSIX) {
      return true;
    }
    Path real = directory.toRealPath();
    for (Path path = real; path != null; path = path.getParent()) {
      int owner = owner(path);
      int mode = (int) Files.getAttribute(path, "unix:mode");
      boolean sticky = (mode & STICKY) != 0 && !path.equals(real);
      if ((owner != user && owner != 0) || ((mode & WRITABLE_BY_OTHERS) != 0 && !sticky)) {
        return false;
      }
    }
    return true;
  }

  /** The numeric id of a file's owner; -1 if the file system has none. */
  static int owner(Path file) throws IOException {
    return POSIX ? (int) Files.getAttribute(file, "unix:uid") : -1;
  }

  static void deleteTree(Path directory) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> paths = Files.walk(directory)) {
      deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : deepestFirst) {
      Files.deleteIfExists(path);
    }
  }

  private static FileAttribute<?>[] attributes(String permissions) {
    return POSIX
        ? new FileAttribute<?>[]{PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))}
        : new FileAttribute<?>[0];
  }
}
