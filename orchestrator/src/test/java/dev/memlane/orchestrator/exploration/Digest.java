package dev.memlane.orchestrator.exploration;

import java.util.UUID;

/** Folds values into 64 bits, so that states can be compared by one number each. */
final class Digest {

  private long value = 0x9e3779b97f4a7c15L;

  static long mix(long digest, long next) {
    long z = (digest ^ next) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 29) * 0x94d049bb133111ebL;
    return (z ^ z >>> 32) + next * 0x9e3779b97f4a7c15L;
  }

  Digest add(long next) {
    value = mix(value, next);
    return this;
  }

  Digest add(UUID uuid) {
    return add(uuid.getMostSignificantBits()).add(uuid.getLeastSignificantBits());
  }

  long value() {
    return value;
  }
}
