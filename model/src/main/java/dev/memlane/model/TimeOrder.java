package dev.memlane.model;

/** The direction of a list by time; see {@link TimePosition}. */
public enum TimeOrder {
  OLDEST_FIRST, NEWEST_FIRST
}
