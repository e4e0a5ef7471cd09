package dev.memlane.storage.opensearch;

import java.util.Locale;

/** How the cluster stores vectors. */
public enum VectorType {

  /** Four bytes for each number, as the model made it. */
  FLOAT,

  /** One byte for each number: a quarter of the memory, and cosines that differ in the third digit. */
  BYTE;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
