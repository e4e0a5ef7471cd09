package dev.memlane.archive;

import dev.memlane.archive.ArchiveException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A file to write an archive to, which appears whole or not at all. It is written under a temporary name in the same
 * directory, readable by its owner only, and gets its name when it is complete and synced to disk.
 */
public final class ArchiveFile {

  private final Path path;
  private final boolean replacing;

  private ArchiveFile(Path path, boolean replacing) {
    this.path = path;
    this.replacing = replacing;
  }

  /**
   * A file that does not exist yet.
   *
   * @throws ArchiveException if it exists, or cannot be created there
   */
  public static ArchiveFile creating(Path path) {
    return checked(path, false);
  }

  /**
   * A file that may exist and is then replaced, once the new one is complete.
   *
   * @throws ArchiveException if it cannot be created or replaced
   */
  public static ArchiveFile replacing(Path path) {
    return checked(path, true);
  }

  private static ArchiveFile checked(Path path, boolean replacing) {
    Path directory = directory(path);
    if (!Files.isDirectory(directory)) {
      throw new ArchiveException(Reason.INVALID_PATH,
          path + ": there is no directory " + directory + "; create it first");
    }
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new ArchiveException(Reason.INVALID_PATH,
            path + ": this is no file that can be overwritten; name another");
      }
      if (!replacing) {
        throw fileExists(path, null);
      }
    }
    return new ArchiveFile(path, replacing);
  }

  private static Path directory(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      throw new ArchiveException(Reason.INVALID_PATH, path + ": this is a directory; name a file in it");
    }
    return parent;
  }

  private static ArchiveException fileExists(Path path, @Nullable Throwable cause) {
    return new ArchiveException(Reason.FILE_EXISTS,
        path + ": the file exists already; name another one, or let it be replaced", cause);
  }

  public Path path() {
    return path;
  }

  /**
   * Writes the file.
   *
   * @param content writes to the stream and returns a result, which is returned; if it fails, no file is left behind
   * @throws ArchiveException if the file cannot be written
   */
  public <T> T write(Function<OutputStream, T> content) {
    try {
      // Files.createTempFile gives the owner alone access.
      Path temporary = Files.createTempFile(directory(path), path.getFileName() + ".", ".part");
      try {
        T result;
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
          result = content.apply(Channels.newOutputStream(channel));
          channel.force(true);
        }
        if (replacing) {
          Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
          Files.move(temporary, path);
        }
        return result;
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (FileAlreadyExistsException e) {
      throw fileExists(path, e);
    } catch (IOException e) {
      throw new ArchiveException(Reason.WRITE_FAILED, path + " could not be written: " + why(e), e);
    }
  }

  private static String why(IOException e) {
    return switch (e) {
      case AccessDeniedException denied -> "this user may not write there";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> e.getMessage() == null ? e.toString() : e.getMessage();
    };
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
