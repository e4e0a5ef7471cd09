package dev.memlane.model;

import java.util.Locale;

/** How an index stores vectors. The database keeps them as the model made them, whatever the index does. */
public enum VectorType {

  /** Four bytes for each number. */
  FLOAT,

  /** One byte for each number: a quarter of the disk and of the memory. Scores differ by less than 0.01. */
  BYTE,

  /**
   * One bit for each number, by which candidates are found, and four bytes beside it, by which they are scored: the memory
   * that a search needs shrinks, the disk does not. Scores are those of {@link #FLOAT}.
   */
  BIT;

  /** The name in settings, such as {@code byte}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
