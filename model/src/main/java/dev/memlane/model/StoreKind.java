package dev.memlane.model;

/** The three stores. */
public enum StoreKind {
  /** What is true now. */
  CORE,
  /** How it is found. */
  VECTOR,
  /** How it came to be. */
  HISTORY
}
