package dev.memlane.server;

/** The role of an API key. Each role may do everything that the ones before it may. */
public enum Role {
  /** Reads and searches. */
  READ,
  /** Adds, changes and deletes memories and conversations. */
  WRITE,
  /** Erases, verifies, imports and exports, and sees the server's state. */
  ADMIN;

  /** Whether a key of this role may do what needs the other one. */
  public boolean includes(Role needed) {
    return compareTo(needed) >= 0;
  }
}
