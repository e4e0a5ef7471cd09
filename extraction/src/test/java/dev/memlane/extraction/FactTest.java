package dev.memlane.extraction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Facts as metadata, whose form stays as it is. */
class FactTest {

  private static final Scope ADA = Scope.user("ada");
  private static final UUID MESSAGE = UUID.fromString("0198c5a2-7c1e-7a50-9d53-0242ac120002");
  private static final Fact FACT = new Fact(FactKind.PLAN, "Ada", 4,
      List.of(new FactSource(ADA.withRun("a run with blanks"), MESSAGE)), "2026-04-12",
      Instant.parse("2026-03-02T09:00:00Z"), FactChange.SUPERSEDED, List.of("travel", "family"));

  @Test
  void onto_writesWhatIsDocumented_andOfReadsIt() {
    Metadata written = FACT.onto(Metadata.of("mine", "stays"));

    assertThat(written.toMap()).isEqualTo(Map.of("fact.kind", "plan", "fact.subject", "Ada", "fact.importance", 4L,
        "fact.sources", List.of("0198c5a2-7c1e-7a50-9d53-0242ac120002 a run with blanks"), "fact.about", "2026-04-12",
        "fact.validFrom", "2026-03-02T09:00:00Z", "fact.change", "superseded",
        "fact.categories", List.of("travel", "family"), "mine", "stays"));
    assertThat(Fact.of(written, ADA)).hasValue(FACT);
    assertThat(FACT.aboutTime()).isEqualTo(Instant.parse("2026-04-12T00:00:00Z"));
  }

  @Test
  void onto_withoutSubjectTimeAndCategories_leavesTheOldOnesOut() {
    Fact bare = new Fact(FactKind.FACT, null, 1, List.of(), null, FACT.validFrom(), FactChange.ADDED, List.of());

    Metadata written = bare.onto(FACT.onto(Metadata.empty()));

    assertThat(written.toMap()).doesNotContainKeys("fact.subject", "fact.about", "fact.categories");
    assertThat(Fact.of(written, ADA)).hasValue(bare);
  }

  @Test
  void of_otherMemory_isEmpty() {
    Metadata written = FACT.onto(Metadata.empty());
    assertThat(Fact.of(Metadata.empty(), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.kind", "rumour"), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.importance", 9), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.importance", "4"), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.validFrom", "yesterday"), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.about", "soon"), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.change", "guessed"), ADA)).isEmpty();
    assertThat(Fact.of(written.with("fact.sources", List.of("no id", 1, MESSAGE + " ")), ADA).orElseThrow().sources())
        .isEmpty();
  }

  @Test
  void of_damagedCategories_readsWhatIsLeftOfThem() {
    Metadata written = FACT.onto(Metadata.empty());
    assertThat(
        Fact.of(written.with(Fact.CATEGORIES, List.of("diet", 7, "diet", "work")), ADA).orElseThrow().categories())
        .containsExactly("diet", "work");
    assertThat(Fact.of(written.with(Fact.CATEGORIES, "diet"), ADA).orElseThrow().categories()).isEmpty();
    assertThat(Fact.of(written.with(Fact.CATEGORIES, IntStream.range(0, 99).mapToObj(i -> "c" + i).toList()), ADA)
        .orElseThrow().categories()).hasSize(Fact.MOST_CATEGORIES);
  }

  @Test
  void category_thatCantBeNamedOrDescribed_isRefused() {
    assertThat(new FactCategory("ernährung_2-a", "What they eat.").name()).isEqualTo("ernährung_2-a");
    for (String name : List.of("", " ", "a b", "a.b", "a\"b", "x".repeat(FactCategory.LONGEST_NAME + 1))) {
      assertThatThrownBy(() -> new FactCategory(name, "What they eat.")).as(name)
          .isInstanceOf(InvalidInputException.class).hasMessageContaining("letters, digits");
    }
    for (String description : List.of("", " ", "two\nlines", "a\0b",
        "x".repeat(FactCategory.LONGEST_DESCRIPTION + 1))) {
      assertThatThrownBy(() -> new FactCategory("diet", description)).as(description)
          .isInstanceOf(InvalidInputException.class).hasMessageContaining("one line");
    }
    FactCategory diet = new FactCategory("diet", "What they eat.");
    assertThatThrownBy(() -> new Guidance(null, List.of(diet, new FactCategory("Diet", "Else."))))
        .hasMessageContaining("two categories");
    assertThatThrownBy(() -> new Guidance(null,
        IntStream.range(0, 51).mapToObj(i -> new FactCategory("c" + i, "Some.")).toList()))
        .hasMessageContaining("the limit is 50");
  }

  @Test
  void create_outOfRange_isRefused() {
    assertThatThrownBy(
        () -> new Fact(FactKind.FACT, null, 0, List.of(), null, FACT.validFrom(), FactChange.ADDED, List.of()))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("1 to 5");
    assertThatThrownBy(
        () -> new Fact(FactKind.FACT, null, 1, List.of(), "next week", FACT.validFrom(), FactChange.ADDED, List.of()))
        .hasMessageContaining("about must be a day or a time");
    assertThatThrownBy(() -> new FactSource(ADA, MESSAGE)).hasMessageContaining("run");
  }
}
