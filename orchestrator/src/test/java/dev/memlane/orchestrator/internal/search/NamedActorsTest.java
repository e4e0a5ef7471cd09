package dev.memlane.orchestrator.internal.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ActorName;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamedActorsTest {

  /** The names that a question has, if these are the actors of its scopes. */
  private static NamedActors named(String question, String... actors) {
    Set<String> keys = NamedActors.keys(question);
    Set<String> known = new HashSet<>();
    List.of(actors).forEach(actor -> known.addAll(ActorName.of(actor).keys()));
    keys.retainAll(known);
    return NamedActors.of(question, keys);
  }

  @ParameterizedTest
  @CsvSource(quoteCharacter = '"', delimiter = '|', value = {
      "What did Ada buy?                 | Ada               | What did I buy?",
      "What is Ada's plan?               | Ada               | What is my plan?",
      "What is ADA\u2019s plan?         | ada               | What is my plan?",
      "Are Adas here, or Adamant people? | Ada               | Are Adas here, or Adamant people?",
      "Did Ada Lovelace write?           | Ada Lovelace      | Did I write?",
      "Did Ada write?                    | Ada Lovelace      | Did I write?",
      "Who is the project for?           | Project Manager   | Who is the project for?",
      "What did the support say?         | support agent     | What did the support say?",
      "What did the support agent say?   | support agent     | What did the I say?",
      "Which of O'Brien's cats is it?    | O'Brien           | Which of my cats is it?",
      "\u674e\u96f7\u4e70\u4e86\u4ec0\u4e48 | \u674e\u96f7      | I\u4e70\u4e86\u4ec0\u4e48"})
  void inFirstPerson_namesOfActors_becomeTheFirstPerson(String question, String actor, String expected) {
    assertThat(
        named(question.translateEscapes(), actor.translateEscapes()).inFirstPerson(FirstPerson.of(Locale.ENGLISH)))
        .isEqualTo(expected.translateEscapes());
  }

  @Test
  void has_theActorsThatAreNamed_andNoOthers() {
    NamedActors named = named("What did Ada and ben plan?", "Ada Lovelace", "Ben", "Cleo");

    assertThat(named.has("ada lovelace")).isTrue();
    assertThat(named.has("ben")).isTrue();
    assertThat(named.has("cleo")).isFalse();
    assertThat(named.has(null)).isFalse();
    assertThat(named("What is new?", "Ada").isEmpty()).isTrue();
  }

  @Test
  void inFirstPerson_aLanguageThatIsNotKnown_leavesNamesOut() {
    assertThat(named("Ada vidis?", "Ada").inFirstPerson(FirstPerson.of(Locale.forLanguageTag("eo"))))
        .isEqualTo(" vidis?");
    assertThat(named("Was hat Ada gekauft?", "Ada").inFirstPerson(FirstPerson.of(Locale.GERMAN)))
        .isEqualTo("Was hat ich gekauft?");
  }

  @Test
  void keys_aTextInsteadOfAQuestion_hasNone() {
    assertThat(NamedActors.keys("Ada ".repeat(65))).isEmpty();
  }
}
