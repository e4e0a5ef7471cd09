package dev.memlane.lanes;

/** When a tool began to do what it was asked, and when it ended, by {@link System#nanoTime}. */
record Attempt(long startedAt, long endedAt) {

  long nanos() {
    return endedAt - startedAt;
  }
}
