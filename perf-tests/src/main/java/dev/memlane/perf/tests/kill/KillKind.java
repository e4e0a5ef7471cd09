package dev.memlane.perf.tests.kill;

import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** What is killed in a round, and what else happens in it. */
enum KillKind {
  /** The process that writes. */
  PROCESS("process"),
  /** The process, and PostgreSQL at the same time. */
  PROCESS_AND_SERVER("process and server"),
  /** PostgreSQL, which comes back while the process works on. The process then ends in order. */
  SERVER("server only"),
  /** The process. Its index is deleted before it is opened again. */
  INDEX_DELETED("process, index deleted"),
  /** One of two processes on the same database, and then its successor, while the other one works on. */
  SECOND_WORKS_ON("one of two processes"),
  /** The process that started PostgreSQL itself. The server stays running. */
  OWN_SERVER_LEFT("process, its server left"),
  /** The process that started PostgreSQL itself, together with the server. */
  OWN_SERVER("process and its own server"),
  /** The process, while it opens. */
  OPENING("process while it opens"),
  /** A node of the cluster, which comes back while the process works on. The process then ends in order. */
  NODE("node of the cluster");

  private final String text;

  /** @param cluster whether the index is on a cluster */
  static List<KillKind> all(boolean cluster) {
    Set<KillKind> others = cluster ? Set.of(OWN_SERVER, OWN_SERVER_LEFT) : Set.of(NODE);
    return Arrays.stream(values()).filter(kind -> !others.contains(kind)).toList();
  }

  KillKind(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
