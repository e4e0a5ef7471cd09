package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.ActorName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The actors that a question names: those of the searched scopes whose names stand in it.
 *
 * <p>
 * {@link ActorName} says what counts as a name. Immutable.
 *
 * @param names where the names stand in the question, in order and without overlaps
 */
record NamedActors(String question, List<Name> names) {

  /** The most words of a question in which names are looked for; questions are shorter, and texts have no names to stand. */
  private static final int MOST_WORDS = 64;

  /**
   * A name in the question.
   *
   * @param key the key by which the actor is known
   * @param start where it begins
   * @param end where it ends, exclusive
   */
  record Name(String key, int start, int end) {}

  /** The keys of all names that a question may have, for a look-up. */
  static Set<String> keys(String question) {
    List<ActorName.Word> words = words(question);
    Set<String> keys = new HashSet<>();
    for (int i = 0; i < words.size(); i++) {
      for (int length = 1; length <= ActorName.MOST_WORDS && i + length <= words.size(); length++) {
        keys.add(ActorName.join(words.subList(i, i + length)));
      }
      if (words.get(i).capital()) {
        keys.add(ActorName.firstKey(words.get(i).text()));
      }
    }
    return keys;
  }

  /**
   * Finds the names.
   *
   * @param actors those of the question's {@link #keys} that are of actors in the scopes
   */
  static NamedActors of(String question, Set<String> actors) {
    List<Name> names = new ArrayList<>();
    if (!actors.isEmpty()) {
      List<ActorName.Word> words = words(question);
      int at = 0;
      while (at < words.size()) {
        int length = longest(words, at, actors);
        ActorName.Word first = words.get(at);
        if (length > 0) {
          names.add(new Name(ActorName.join(words.subList(at, at + length)), first.start(),
              words.get(at + length - 1).end()));
        } else if (first.capital() && actors.contains(ActorName.firstKey(first.text()))) {
          names.add(new Name(ActorName.firstKey(first.text()), first.start(), first.end()));
        }
        at += Math.max(1, length);
      }
    }
    return new NamedActors(question, List.copyOf(names));
  }

  private static List<ActorName.Word> words(String question) {
    List<ActorName.Word> words = ActorName.words(question);
    return words.size() > MOST_WORDS ? List.of() : words;
  }

  /** How many words the longest name has that begins here; 0 if none does. */
  private static int longest(List<ActorName.Word> words, int from, Set<String> actors) {
    for (int length = Math.min(ActorName.MOST_WORDS, words.size() - from); length > 0; length--) {
      if (actors.contains(ActorName.join(words.subList(from, from + length)))) {
        return length;
      }
    }
    return 0;
  }

  boolean isEmpty() {
    return names.isEmpty();
  }

  /**
   * Whether the question names this actor.
   *
   * @param actor the words of the actor's name; null for none
   */
  boolean has(@Nullable String actor) {
    if (actor == null) {
      return false;
    }
    int blank = actor.indexOf(' ');
    String first = blank < 0 ? null : ActorName.firstKey(actor.substring(0, blank));
    return names.stream().anyMatch(name -> name.key().equals(actor) || name.key().equals(first));
  }

  /** The question with the first person in place of the names: "What did Ada buy?" becomes "What did I buy?". */
  String inFirstPerson(FirstPerson person) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (Name name : names) {
      text.append(question, from, name.start());
      int end = person.endOfPossessive(question, name.end());
      text.append(end > name.end() ? person.possessive() : person.subject());
      from = end;
    }
    return text.append(question, from, question.length()).toString();
  }
}
