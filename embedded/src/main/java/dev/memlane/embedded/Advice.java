package dev.memlane.embedded;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Map;

/** Advice on errors of PostgreSQL and the file system, chosen by words in their messages. */
final class Advice {

  private static final Map<String, String> BY_WORDS = Map.ofEntries(
      Map.entry("No space left on device", "The disk is full: free some space and try again."),
      Map.entry("Disk quota exceeded", "The disk quota is used up: free some space and try again."),
      Map.entry("Read-only file system", "The file system is read-only: choose another directory."),
      Map.entry("AccessDeniedException", "This user may not write there: choose another directory, or make this user"
          + " its owner."),
      Map.entry("Permission denied", "This user may not write there: choose another directory, or make this user its"
          + " owner."),
      Map.entry("could not map anonymous shared memory",
          "There is too little free memory for the server, which needs about 150 MB: free some and try again."),
      Map.entry("could not resize shared memory segment",
          "Shared memory is too small: enlarge /dev/shm (in Docker: --shm-size=256m)."),
      Map.entry("is still in use",
          "Another PostgreSQL server is still running on this data: end it (a process named postgres), then try again."),
      Map.entry("could not look up effective user ID",
          "PostgreSQL needs a user with a name: start this as a user in /etc/passwd (in Docker: USER or --user)."),
      Map.entry("No locks available",
          "This file system has no locks (like some network file systems): choose a directory on a local disk."));

  private Advice() {}

  /**
   * Describes an error. File system errors get their class's name, because their messages often are only a file's name.
   */
  static String describe(IOException error) {
    String message = String.valueOf(error.getMessage());
    return error instanceof FileSystemException ? error.getClass().getSimpleName() + ": " + message : message;
  }

  /** What the user can do about an error. */
  static String on(String error) {
    return BY_WORDS.entrySet().stream().filter(advice -> error.contains(advice.getKey())).map(Map.Entry::getValue)
        .findFirst()
        .orElse("If this doesn't help, use a PostgreSQL server of your own (15 or later), by its JDBC URL.");
  }
}
