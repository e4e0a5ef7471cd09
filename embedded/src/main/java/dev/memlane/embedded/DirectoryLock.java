package dev.memlane.embedded;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The ownership of a data directory, by one process at a time.
 *
 * <p>
 * It is the operating system's lock on the file {@code directory/lock}, which is released when the process ends in any
 * way, so there is nothing to clean up after a crash. The file contains the owner's process id, for the message that
 * another process gets. It is never deleted, because then two processes could each hold a lock on a file of that name.
 *
 * <p>
 * Such locks belong to the process, and closing <em>any</em> channel on the file releases all of them (POSIX). So the
 * directories that this process has open are kept in a set, and a second opening never touches the file. The set is
 * static, like the state of the operating system that it mirrors.
 *
 * <p>
 * Safe for use by several threads.
 */
final class DirectoryLock implements AutoCloseable {

  private static final Set<Path> OPEN_IN_THIS_PROCESS = ConcurrentHashMap.newKeySet();

  // Windows lets no other process read locked bytes, so the locked byte is far behind the text.
  private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;
  private static final int LONGEST_PROCESS_ID = 20;

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Makes this process the owner of a directory. A missing directory is created, accessible to its owner only.
   *
   * @throws DirectoryInUseException if the directory is open, in this process or another
   * @throws StoreException if it can't be created or locked
   */
  static DirectoryLock acquire(Path directory) {
    try {
      OwnerOnly.createDirectories(directory.toAbsolutePath());
      Path real = directory.toRealPath();
      if (!OPEN_IN_THIS_PROCESS.add(real)) {
        throw new DirectoryInUseException("The data directory " + real + " is already open in this process. Use the one"
            + " that is open, or close it first; every opening needs a directory of its own.");
      }
      boolean acquired = false;
      try {
        DirectoryLock lock = lock(real);
        acquired = true;
        return lock;
      } finally {
        if (!acquired) {
          OPEN_IN_THIS_PROCESS.remove(real);
        }
      }
    } catch (IOException e) {
      throw new StoreException(
          "The data directory " + directory.toAbsolutePath() + " cannot be opened: " + Advice.describe(e) + ". "
              + Advice.on(Advice.describe(e)),
          e);
    }
  }

  private static DirectoryLock lock(Path directory) throws IOException {
    Path file = directory.resolve("lock");
    FileChannel channel = FileChannel.open(file,
        EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE), OwnerOnly.file());
    try {
      @Nullable
      FileLock lock = channel.tryLock(LOCKED_BYTE, 1, false);
      if (lock == null) {
        throw new DirectoryInUseException("The data directory " + directory + " is in use by "
            + owner(channel) + ". Wait until that process has ended, end it, or choose another directory.");
      }
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)),
          0);
      return new DirectoryLock(directory, channel);
    } catch (Throwable e) {
      try {
        channel.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private static String owner(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(LONGEST_PROCESS_ID);
    channel.read(text, 0);
    String id = StandardCharsets.US_ASCII.decode(text.flip()).toString();
    return id.matches("[0-9]+") ? "process " + id : "another process";
  }

  /** The directory, as an absolute path without symbolic links. */
  Path directory() {
    return directory;
  }

  /** Releases the directory. A second call does nothing. */
  @Override
  public void close() {
    if (!channel.isOpen()) {
      return;
    }
    try {
      channel.close();
    } catch (IOException e) {
      throw new StoreException("The data directory " + directory + " could not be released: " + Advice.describe(e)
          + ". It will be free when this process ends.", e);
    } finally {
      OPEN_IN_THIS_PROCESS.remove(directory);
    }
  }

  @Override
  public String toString() {
    return "DirectoryLock[" + directory + (channel.isOpen() ? "]" : ", released]");
  }
}
