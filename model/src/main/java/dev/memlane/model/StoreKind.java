package dev.memlane.model;

/** The three stores. */
public enum StoreKind {
  /** The store of what is true now. */
  CORE,
  /** The index, by which it is found. */
  VECTOR,
  /** The log of how it came to be. */
  HISTORY
}
