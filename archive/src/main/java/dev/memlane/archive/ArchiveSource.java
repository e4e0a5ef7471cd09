package dev.memlane.archive;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A reader of what an archive holds, in the order in which it was written. Used by one thread at a time. */
public interface ArchiveSource {

  /**
   * Returns the next entry, or null at the end of the input.
   *
   * @throws IOException if the input cannot be read any further
   * @throws ArchiveException if it is no archive, or one of a newer format; only the first call does
   */
  @Nullable
  ArchiveEntry next() throws IOException;
}
