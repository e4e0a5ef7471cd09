package dev.memlane.extraction;

import java.util.List;
import org.jspecify.annotations.Nullable;

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
   * @param categories the names of the categories of what it says then; null for those that the memory has
   */
  record Change(Candidate candidate, Shown target, String text, boolean supersedes, @Nullable List<String> categories)
      implements
        Decision {}

  /** It is known already. */
  record None(Candidate candidate) implements Decision {}
}
