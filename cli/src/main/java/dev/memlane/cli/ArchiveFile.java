package dev.memlane.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A file that is there whole or not at all: it is written under a temporary name beside its own, readable by its owner
 * only, and takes its name when it is complete and on the disk.
 */
final class ArchiveFile {

  private final Path path;
  private final boolean overwriting;

  private ArchiveFile(Path path, boolean overwriting) {
    this.path = path;
    this.overwriting = overwriting;
  }

  /**
   * A file that can be written.
   *
   * @param overwriting whether it may take the place of a file that is there
   * @throws CommandFailure if it can't be written
   */
  static ArchiveFile at(Path path, boolean overwriting) {
    Path directory = directory(path);
    if (!Files.isDirectory(directory)) {
      throw new CommandFailure(path + ": there is no directory " + directory);
    }
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new CommandFailure(path + ": that is no file that can be overwritten");
      }
      if (!overwriting) {
        throw isThere(path, null);
      }
    }
    return new ArchiveFile(path, overwriting);
  }

  private static Path directory(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      throw new CommandFailure(path + ": that is a directory; name a file in it");
    }
    return parent;
  }

  private static CommandFailure isThere(Path path, @Nullable Throwable cause) {
    return new CommandFailure(path + ": the file is there already; --force overwrites it", cause);
  }

  /**
   * Writes the file.
   *
   * @param content writes it and returns what is to be returned; a failure leaves no file
   * @throws CommandFailure if it can't be written
   */
  <T> T write(Function<OutputStream, T> content) {
    try {
      // Created for its owner only.
      Path temporary = Files.createTempFile(directory(path), path.getFileName() + ".", ".part");
      try {
        T result;
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
          result = content.apply(Channels.newOutputStream(channel));
          channel.force(true);
        }
        if (overwriting) {
          Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
          Files.move(temporary, path);
        }
        return result;
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (FileAlreadyExistsException e) {
      throw isThere(path, e);
    } catch (IOException e) {
      throw new CommandFailure(path + " could not be written: " + Problems.of(e), e);
    }
  }
}
