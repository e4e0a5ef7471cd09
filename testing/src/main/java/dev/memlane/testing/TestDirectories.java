package dev.memlane.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * The directories of tests: in memory where the machine has much of it, else where temporary files are. Tests make and
 * delete a hundred thousand files, and a file system on a disk takes ever longer to make one soon after so many were
 * deleted.
 *
 * <p>
 * JUnit makes the directories of {@code @TempDir} here if the configuration parameter
 * {@code junit.jupiter.tempdir.factory.default} names this class. What a JVM leaves behind because it was killed is
 * deleted by the next one. Safe for use by several threads.
 */
public final class TestDirectories implements TempDirFactory {

  private static final Path MEMORY = Path.of("/dev/shm");
  private static final Path MOUNTS = Path.of("/proc/mounts");
  /** Room for the databases of several modules, which are tested at the same time. */
  private static final long ENOUGH_BYTES = 8L << 30;
  private static final String PREFIX = "memlane-tests-";
  private static final String NOT_YET = "new-";
  private static final String IN_USE = "in-use";

  private static final class Holder {
    static final Path PARENT = parent();

    private static Path parent() {
      try {
        if (!isRoomy()) {
          return Path.of(System.getProperty("java.io.tmpdir"));
        }
        deleteLeftovers();
        // Its name is one that others look at only once its lock is held.
        Path made = Files.createTempDirectory(MEMORY, NOT_YET + PREFIX);
        FileLock lock = FileChannel.open(made.resolve(IN_USE), StandardOpenOption.CREATE, StandardOpenOption.WRITE)
            .lock();
        Path parent = Files.move(made, MEMORY.resolve(made.getFileName().toString().substring(NOT_YET.length())));
        atEnd(() -> end(parent, lock));
        return parent;
      } catch (IOException e) {
        throw new UncheckedIOException("no directory for tests", e);
      }
    }
  }

  /** What is done at the end of the JVM, in the opposite order. */
  private static final class Ends {
    static final Deque<Runnable> ALL = new ConcurrentLinkedDeque<>();

    static {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> ALL.forEach(Runnable::run), "memlane-test-directories"));
    }
  }

  /** Has something done at the end of the JVM, before what was asked for earlier. */
  static void atEnd(Runnable last) {
    Ends.ALL.addFirst(last);
  }

  /** Whether there is a file system in memory, with much room, from which programs may be run. */
  private static boolean isRoomy() throws IOException {
    return Files.isWritable(MEMORY) && Files.isReadable(MOUNTS)
        && Files.readAllLines(MOUNTS).stream().map(line -> List.of(line.split(" ")))
            .anyMatch(mount -> mount.get(1).equals(MEMORY.toString()) && mount.get(2).equals("tmpfs")
                && !mount.get(3).contains("noexec"))
        && Files.getFileStore(MEMORY).getUsableSpace() >= ENOUGH_BYTES;
  }

  private static void deleteLeftovers() throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(MEMORY, PREFIX + "*")) {
      for (Path each : all) {
        try (FileChannel channel = FileChannel.open(each.resolve(IN_USE), StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock()) {
          if (lock != null) {
            delete(each);
          }
        } catch (NoSuchFileException e) {
          // Another JVM is deleting it.
        }
      }
    }
  }

  private static void end(Path parent, FileLock lock) {
    try {
      delete(parent);
      lock.acquiredBy().close();
    } catch (IOException e) {
      throw new UncheckedIOException("files of tests are left in " + parent, e);
    }
  }

  /** Makes a directory. Its files are deleted at the end of the JVM at the latest, where they are in memory. */
  static Path make(String prefix) throws IOException {
    return Files.createTempDirectory(Holder.PARENT, prefix);
  }

  /** Deletes a directory with all that is in it. */
  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext test) throws IOException {
    return make("junit-");
  }
}
