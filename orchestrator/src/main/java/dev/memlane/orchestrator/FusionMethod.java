package dev.memlane.orchestrator;

/** The method by which hits by meaning and hits by words become one ranking. */
public enum FusionMethod {
  /**
   * A weighted sum of the two scores, each normalised within its list. It keeps how much better one hit is than the next. The
   * default, because it finds more.
   */
  WEIGHTED_SCORES,
  /**
   * A weighted sum of reciprocal ranks, 1 / (60 + rank) each (Cormack, Clarke and Büttcher, 2009). It uses
   * the order only, so an outlying score can't spoil it.
   */
  RECIPROCAL_RANKS
}
