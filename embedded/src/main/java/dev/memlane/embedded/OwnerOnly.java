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

/** Files and directories that nobody but their owner can read, on every file system that knows owners. */
final class OwnerOnly {

  private static final boolean POSIX = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int STICKY = 01000;

  private OwnerOnly() {}

  /** What a new file has to be created with, so that there is no moment in which others could open it. */
  static FileAttribute<?>[] file() {
    return attributes("rw-------");
  }

  /** Creates a directory and those above it that are missing; one that is there stays as it is. */
  static void createDirectories(Path directory) throws IOException {
    // A symbolic link to a directory is one too, but not for createDirectories.
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory, attributes("rwx------"));
    }
  }

  static Path createTemporaryDirectory(Path parent, String prefix) throws IOException {
    return Files.createTempDirectory(parent, prefix, attributes("rwx------"));
  }

  /** Creates or replaces a file, in one step: a crash leaves the old text or the new one. */
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
   * Whether no other user, root aside, can put something else in this directory's place or into it: it and all above it
   * belong to this user or to root, and others cannot write there (or only as in {@code /tmp}, without renaming).
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

  /** The numeric id of the user whom a file belongs to. */
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
