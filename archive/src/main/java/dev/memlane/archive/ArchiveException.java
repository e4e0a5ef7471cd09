package dev.memlane.archive;

import dev.memlane.model.MemlaneException;
import org.jspecify.annotations.Nullable;

/** An archive that cannot be written or read as a whole. The message says what happened and what to do. */
public final class ArchiveException extends MemlaneException {

  private final Reason reason;

  /** Public for the readers and writers of other formats. */
  public ArchiveException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  ArchiveException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** The kind of failure, for callers that handle one kind in their own way. */
  public enum Reason {
    /** The file exists and must not be replaced. */
    FILE_EXISTS,
    /** The path cannot name an archive: its directory is missing, or it is not a regular file. */
    INVALID_PATH,
    /** Writing failed. No file is left behind. */
    WRITE_FAILED,
    /** The caller stopped the export. No file is left behind. */
    STOPPED,
    /** The input does not begin as an archive does. */
    NOT_AN_ARCHIVE,
    /** The input is an archive that is damaged, or not whole, and of a format that is read only as a whole. */
    DAMAGED,
    /** The archive has a newer format than this version reads. */
    NEWER_FORMAT
  }

  public Reason reason() {
    return reason;
  }

  @Override
  public ArchiveException copy() {
    return new ArchiveException(reason, String.valueOf(getMessage()), this);
  }
}
