package dev.memlane.perf.tests.kill;

/** What is killed in a round, and what else happens. */
enum Kill {
  /** The process that writes. */
  PROCESS("process"),
  /** The process, and PostgreSQL at the same time. */
  PROCESS_AND_SERVER("process and server"),
  /** PostgreSQL, which comes back while the process works on; the process then ends in order. */
  SERVER("server only"),
  /** The process, whose index is deleted before it is opened again. */
  INDEX_DELETED("process, index deleted"),
  /** One of two processes on the same database, and then its successor, while the other one works on. */
  SECOND_WORKS_ON("one of two processes"),
  /** The process that has started PostgreSQL itself, which is left behind running. */
  OWN_SERVER_LEFT("process, its server left"),
  /** The process that has started PostgreSQL itself, together with it. */
  OWN_SERVER("process and its own server"),
  /** The process, while it opens. */
  OPENING("process while it opens");

  private final String text;

  Kill(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
