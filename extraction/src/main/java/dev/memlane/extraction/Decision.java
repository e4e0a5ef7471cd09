package dev.memlane.extraction;

/** What becomes of a candidate. */
sealed interface Decision {

  Candidate candidate();

  /** It becomes a memory. */
  record Add(Candidate candidate) implements Decision {}

  /**
   * It changes a memory.
   *
   * @param target the memory, in the state that was shown
   * @param text what the memory says then
   * @param supersedes whether what it says now is no longer true
   */
  record Change(Candidate candidate, Shown target, String text, boolean supersedes) implements Decision {}

  /** It is known already. */
  record None(Candidate candidate) implements Decision {}
}
