package dev.memlane.embedded;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Map;

/** What a user can do about an error of PostgreSQL or the file system, told by the words that they use for it. */
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
          "There is too little memory free for the server, which takes about 150 MB: free some and try again."),
      Map.entry("could not resize shared memory segment",
          "Shared memory is too small: enlarge /dev/shm (in Docker: --shm-size=256m)."),
      Map.entry("is still in use",
          "Another PostgreSQL server is still running on this data: end it (a process called postgres), then try again."),
      Map.entry("could not look up effective user ID",
          "PostgreSQL needs a user who has a name: start this as one whom /etc/passwd knows (in Docker: USER or --user)."),
      Map.entry("No locks available", "This file system has no locks (some network file systems): choose a directory on"
          + " a local disk."));

  private Advice() {}

  /** What happened, in as few words as there are: a file system's errors often say nothing but the file's name. */
  static String describe(IOException error) {
    String message = String.valueOf(error.getMessage());
    return error instanceof FileSystemException ? error.getClass().getSimpleName() + ": " + message : message;
  }

  static String on(String error) {
    return BY_WORDS.entrySet().stream().filter(advice -> error.contains(advice.getKey())).map(Map.Entry::getValue)
        .findFirst()
        .orElse("If this says too little, use a PostgreSQL server of your own (15 or later), by its JDBC URL.");
  }
}
