package dev.memlane.model;

/** In which direction a list goes by time; see {@link TimePosition}. */
public enum TimeOrder {
  OLDEST_FIRST, NEWEST_FIRST
}
