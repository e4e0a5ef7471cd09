package dev.memlane.archive;

/**
 * A remark about one line of an archive that is imported; in formats without lines, about the row of one memory or
 * message.
 *
 * @param line the line's or row's number, counted from 1
 * @param message says what happened to it, and what to do where something can be done
 */
public record LineNotice(long line, Kind kind, String message) {

  /** What happened to the line. */
  public enum Kind {
    /** It cannot be read, or has no place where it stands. Nothing was restored from it. */
    DAMAGED,
    /** Another state of its memory exists, and was kept. */
    DIFFERENT,
    /**
     * It contradicts its own history or vector, or is not valid, and was refused. If it was edited on purpose, import
     * it with {@link ArchiveImporter.Builder#edits}.
     */
    CONTRADICTORY,
    /** The stores did not take it, or it is not known whether they did. Importing it again settles that. */
    FAILED,
    /** It was edited, and became its memory's next version. */
    EDIT_ACCEPTED
  }
}
