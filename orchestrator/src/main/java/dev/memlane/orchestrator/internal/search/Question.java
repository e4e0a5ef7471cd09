package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.SearchPart;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * What a question names.
 *
 * @param actors the actors of the searched scopes that it names
 * @param times the times that it names
 */
record Question(NamedActors actors, NamedTimes times) {

  /** A question that names nothing. */
  static Question naming(String text) {
    return new Question(new NamedActors(text, List.of()), new NamedTimes(List.of()));
  }

  /**
   * Reads a question.
   *
   * @param found those of its {@link NamedActors#keys} that are of actors in the scopes
   * @param now what its times are relative to
   */
  static Question of(String text, Set<String> found, Instant now, Set<SearchPart> without) {
    return new Question(NamedActors.of(text, found),
        without.contains(SearchPart.TIMES) ? new NamedTimes(List.of()) : NamedTimes.in(text, now));
  }
}
