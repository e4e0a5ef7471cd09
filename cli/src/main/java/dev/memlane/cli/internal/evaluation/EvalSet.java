package dev.memlane.cli.internal.evaluation;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Memories, questions about them, and which of them answer the questions.
 *
 * @param collections in the file's order
 * @param categories the names of kinds of questions, by the category that questions have; a category without a name is
 * its own
 * @param leftOut how many questions are not measured, because nothing is known that answers them
 */
public record EvalSet(List<Collection> collections, Map<String, String> categories, int leftOut) {

  String categoryName(String category) {
    return categories.getOrDefault(category, category);
  }

  /** Memories that are searched together, such as one conversation. Its id is unique in the set. */
  record Collection(String id, List<Turn> turns, List<Question> questions) {

    /** When the last of them happened; null if that is not known of any. */
    @Nullable
    Instant end() {
      return turns.stream().map(Turn::occurredAt).filter(Objects::nonNull).max(Instant::compareTo).orElse(null);
    }
  }

  /**
   * One memory: an utterance, or a document.
   *
   * @param session its run; null if it is in none
   * @param id unique in its collection
   * @param speaker null if nobody said it
   */
  record Turn(@Nullable String session, String id, @Nullable String speaker, String text,
      @Nullable Instant occurredAt) {}

  /**
   * A question.
   *
   * @param category its kind, as the data set names it
   * @param evidence the ids of the turns that answer it; empty if only their sessions are known
   * @param sessions the sessions that answer it; empty if there are no sessions
   * @param now when it is asked; null for the end of its collection
   */
  record Question(String text, String category, Set<String> evidence, Set<String> sessions, @Nullable Instant now) {}

  /** A text that is the same for the same memories, questions and evidence. */
  public String fingerprint() {
    StringBuilder all = new StringBuilder();
    for (Collection collection : collections) {
      collection.turns().forEach(turn -> all.append(turn.id()).append('\n').append(turn.text()).append('\n'));
      collection.questions().forEach(question -> all.append(question.text()).append('\n')
          .append(new TreeSet<>(question.evidence())).append('\n'));
    }
    return UUID.nameUUIDFromBytes(all.toString().getBytes(StandardCharsets.UTF_8)).toString();
  }

  public int memories() {
    return collections.stream().mapToInt(collection -> collection.turns().size()).sum();
  }

  public int questions() {
    return collections.stream().mapToInt(collection -> collection.questions().size()).sum();
  }
}
