package dev.memlane.lanes;

/** The times at which a tool began and ended its work, by {@link System#nanoTime}. */
record Timing(long startedAt, long endedAt) {

  long nanos() {
    return endedAt - startedAt;
  }
}
