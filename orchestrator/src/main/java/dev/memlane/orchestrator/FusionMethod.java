package dev.memlane.orchestrator;

/** How what was found by meaning and what was found by words become one ranking. */
public enum FusionMethod {
  /**
   * A weighted sum of the two scores, each normalised within its list. It keeps how much better one hit is than the next; the
   * default, because it finds more.
   */
  WEIGHTED_SCORES,
  /**
   * A weighted sum of reciprocal ranks, 1 / (60 + rank) each (Cormack, Clarke and Büttcher, 2009). It looks at nothing but the
   * order, so no score that is far off spoils it.
   */
  RECIPROCAL_RANKS
}
