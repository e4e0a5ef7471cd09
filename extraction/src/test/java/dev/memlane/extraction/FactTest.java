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
import org.junit.jupiter.api.Test;

/** Facts as metadata, whose form stays as it is. */
class FactTest {

  private static final Scope ADA = Scope.user("ada");
  private static final UUID MESSAGE = UUID.fromString("0198c5a2-7c1e-7a50-9d53-0242ac120002");
  private static final Fact FACT = new Fact(FactKind.PLAN, "Ada", 4,
      List.of(new FactSource(ADA.withRun("a run with blanks"), MESSAGE)), "2026-04-12",
      Instant.parse("2026-03-02T09:00:00Z"), FactChange.SUPERSEDED);

  @Test
  void onto_writesWhatIsDocumented_andOfReadsIt() {
    Metadata written = FACT.onto(Metadata.of("mine", "stays"));

    assertThat(written.toMap()).isEqualTo(Map.of("fact.kind", "plan", "fact.subject", "Ada", "fact.importance", 4L,
        "fact.sources", List.of("0198c5a2-7c1e-7a50-9d53-0242ac120002 a run with blanks"), "fact.about", "2026-04-12",
        "fact.validFrom", "2026-03-02T09:00:00Z", "fact.change", "superseded", "mine", "stays"));
    assertThat(Fact.of(written, ADA)).hasValue(FACT);
    assertThat(FACT.aboutTime()).isEqualTo(Instant.parse("2026-04-12T00:00:00Z"));
  }

  @Test
  void onto_withoutSubjectAndTime_leavesTheOldOnesOut() {
    Fact bare = new Fact(FactKind.FACT, null, 1, List.of(), null, FACT.validFrom(), FactChange.ADDED);

    Metadata written = bare.onto(FACT.onto(Metadata.empty()));

    assertThat(written.toMap()).doesNotContainKeys("fact.subject", "fact.about");
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
  void create_outOfRange_isRefused() {
    assertThatThrownBy(() -> new Fact(FactKind.FACT, null, 0, List.of(), null, FACT.validFrom(), FactChange.ADDED))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("1 to 5");
    assertThatThrownBy(
        () -> new Fact(FactKind.FACT, null, 1, List.of(), "next week", FACT.validFrom(), FactChange.ADDED))
        .hasMessageContaining("about must be a day or a time");
    assertThatThrownBy(() -> new FactSource(ADA, MESSAGE)).hasMessageContaining("run");
  }
}
