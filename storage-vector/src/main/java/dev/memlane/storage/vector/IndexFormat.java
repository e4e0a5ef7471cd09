package dev.memlane.storage.vector;

import org.jspecify.annotations.Nullable;

/**
 * The formats of an index: what its documents hold. An index keeps the format in which it was made until it is made
 * again, so that all its documents hold the same.
 */
enum IndexFormat {
  /** Documents know neither their actor nor whether they are questions. */
  WITHOUT_TRAITS("5"),
  /** Documents know both. */
  WITH_TRAITS("6");

  /** The format of a new index. */
  static final IndexFormat NEWEST = WITH_TRAITS;

  private final String number;

  IndexFormat(String number) {
    this.number = number;
  }

  /** The number by which a commit names the format. */
  String number() {
    return number;
  }

  /** The format of this number; null if it is none that can be read. */
  static @Nullable IndexFormat of(@Nullable String number) {
    for (IndexFormat format : values()) {
      if (format.number.equals(number)) {
        return format;
      }
    }
    return null;
  }
}
