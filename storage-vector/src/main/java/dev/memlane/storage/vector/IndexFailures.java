package dev.memlane.storage.vector;

import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.StoreException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.store.LockObtainFailedException;
import org.jspecify.annotations.Nullable;

/**
 * The translation of Lucene's exceptions: each result says what happened to the index in one folder, and what to do.
 *
 * @param directory the index's folder
 */
record IndexFailures(Path directory) {

  /** With less free space than this, an index can hardly merge its segments. */
  private static final long LITTLE_SPACE = 64L << 20;

  /** Lucene failed to open what is in the folder. */
  StoreException opening(Throwable cause) {
    return switch (cause) {
      case StoreException known -> known;
      case LockObtainFailedException e -> new StoreException("the vector index in " + directory
          + " is open already, here or in another process: one index at a time can own the folder", e);
      case AccessDeniedException e -> new StoreException("the folder " + directory
          + " of the vector index can't be read or written by this user: " + e.getMessage(), e);
      case FileAlreadyExistsException e -> notAFolder(e);
      case NotDirectoryException e -> notAFolder(e);
      // Lucene reports an unknown codec, and some kinds of broken files, by unchecked exceptions.
      case RuntimeException e -> damaged(e);
      default -> general("could not be opened", cause);
    };
  }

  /**
   * Translates any other failure. A failure that is translated already may be shared with callers of the same commit or
   * refresh, so the caller gets a copy.
   *
   * @param what continues "the vector index in (folder)", such as "could not be searched"
   */
  StoreException general(String what, Throwable cause) {
    if (cause instanceof StoreException known) {
      return known.copy();
    }
    if (isDamage(cause)) {
      return damaged(cause);
    }
    return new StoreException(
        "the vector index in " + directory + " " + what + ": " + brief(cause) + spaceHint(cause), cause);
  }

  /** Lucene closed the writer, because it no longer knows what is in memory and what in the files. */
  StoreException tragic(Throwable cause) {
    if (isDamage(cause)) {
      return damaged(cause);
    }
    return new StoreException(
        "the vector index in " + directory + " accepts no more writes and searches after a failure ("
            + brief(cause) + ")" + spaceHint(cause)
            + "; open it again: documents that it lost are put again from the database",
        cause);
  }

  StoreException deleting(IOException cause) {
    return cause instanceof LockObtainFailedException
        ? opening(cause)
        : general("could not be deleted", cause);
  }

  StoreException late(String what, Duration patience) {
    return new StoreException("the vector index in " + directory + " " + what + " within " + patience.toSeconds()
        + " s; look at its disk", null);
  }

  StoreException unfinished() {
    return new StoreException("the vector index in " + directory
        + " was closed before all accepted writes were done; missing documents are put again from the database when it "
        + "is opened", null);
  }

  StoreException closed() {
    return new StoreException("the vector index in " + directory + " is closed", null);
  }

  StoreException busy() {
    return new StoreException("the vector index in " + directory
        + " has too much to do: its queue is full; send less at once, or try again later", null);
  }

  private DamagedIndexException damaged(Throwable cause) {
    return new DamagedIndexException("the vector index in " + directory + " is damaged (" + brief(cause)
        + "); run `memlane reindex`, which rebuilds it from the database: nothing is lost", cause);
  }

  private StoreException notAFolder(Throwable cause) {
    return new StoreException("the vector index can't be opened in " + directory
        + ", because that is a file: name a folder", cause);
  }

  private String spaceHint(Throwable cause) {
    long free;
    try {
      free = Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      // The failure is reported without the hint.
      return "";
    }
    boolean full = free < LITTLE_SPACE || has(cause, IOException.class, "No space left");
    return full ? "; its disk is full (" + (free >> 20) + " MB free): make room" : "";
  }

  private static boolean isDamage(Throwable cause) {
    return has(cause, CorruptIndexException.class, null) || has(cause, IndexFormatTooOldException.class, null)
        || has(cause, IndexFormatTooNewException.class, null) || has(cause, IndexNotFoundException.class, null)
        || has(cause, NoSuchFileException.class, null) || has(cause, FileNotFoundException.class, null)
        || has(cause, EOFException.class, null);
  }

  private static boolean has(@Nullable Throwable cause, Class<? extends Throwable> type, @Nullable String text) {
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (type.isInstance(e) && (text == null || String.valueOf(e.getMessage()).contains(text))) {
        return true;
      }
    }
    return false;
  }

  private static String brief(Throwable cause) {
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
