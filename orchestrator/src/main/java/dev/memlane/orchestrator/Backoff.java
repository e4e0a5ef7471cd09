package dev.memlane.orchestrator;

import java.time.Duration;

/** How long to wait before the next try of what goes on behind: twice as long each time, up to half a minute. */
final class Backoff {

  private static final Duration LONGEST = Duration.ofSeconds(30);

  private Backoff() {}

  /** The pause after this one. */
  static Duration after(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
  }
}
