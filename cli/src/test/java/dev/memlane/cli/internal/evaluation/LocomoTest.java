package dev.memlane.cli.internal.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.cli.internal.terminal.CommandFailure;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

public class LocomoTest {

  public static Path tiny() {
    try {
      return Path.of(Objects.requireNonNull(LocomoTest.class.getResource("tiny-locomo.json")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void read_turns_haveTimesAndCaptions() {
    List<EvalSet.Turn> turns = Locomo.read(tiny()).collections().get(0).turns();

    assertThat(turns).containsExactly(
        new EvalSet.Turn("session_1", "D1:1", "Ines", "I adopted a parrot", Instant.parse("2023-05-08T13:56:00Z")),
        new EvalSet.Turn("session_1", "D1:2", "Bo", "Look at my kayak [shares a picture: a red kayak on a lake]",
            Instant.parse("2023-05-08T13:56:01Z")),
        new EvalSet.Turn("session_2", "D2:1", "Bo", "The kayak sank", null));
  }

  @Test
  void read_questions_countOnlyWithEvidenceThatIsThere() {
    EvalSet locomo = Locomo.read(tiny());

    assertThat(locomo.collections().get(0).questions()).containsExactly(
        new EvalSet.Question("Who adopted a parrot?", "4", Set.of("D1:1"), Set.of("session_1"), null),
        new EvalSet.Question("What happened to the kayak?", "1", Set.of("D1:2", "D2:1"),
            Set.of("session_1", "session_2"), null));
    assertThat(locomo.leftOut()).isEqualTo(3);
  }

  @Test
  void read_somethingElse_isRefused(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("other.json"), "{\"a\":1}");
    assertThatThrownBy(() -> Locomo.read(file)).isInstanceOf(CommandFailure.class)
        .hasMessageContaining("not in LoCoMo's format");
    Files.writeString(file, "[");
    assertThatThrownBy(() -> Locomo.read(file)).isInstanceOf(CommandFailure.class).hasMessageContaining("not JSON");
  }

  @Test
  void recall_isTheMeanShareOfEvidenceFound() {
    Recall recall = new Recall();
    recall.add(Stream.of("a", "x", "y", "z", "w", "b").map(Set::of).toList(), Set.of("a", "b"));
    recall.add(List.of(), Set.of("a"));

    assertThat(recall.mrr()).isEqualTo(0.5, within(1e-9));
    double ideal = 1 + 1 / (Math.log(3) / Math.log(2));
    assertThat(recall.ndcg()).isEqualTo((1 + 1 / (Math.log(7) / Math.log(2))) / ideal / 2, within(1e-4));
    assertThat(recall.at(1)).isEqualTo(0.25, within(1e-9));
    assertThat(recall.at(5)).isEqualTo(0.25, within(1e-9));
    assertThat(recall.at(10)).isEqualTo(0.5, within(1e-9));
    assertThat(recall.json()).containsOnlyKeys("1", "5", "10", "20", "50");
  }

  @Test
  void recall_ofHitsThatStandForSeveralPieces_countsEachPieceOnce_andIsOneAtBest() {
    Recall best = new Recall();
    best.add(List.of(Set.of("a", "b", "x")), Set.of("a", "b"));
    assertThat(best.at(1)).isEqualTo(1, within(1e-9));
    assertThat(best.ndcg()).isEqualTo(1, within(1e-9));
    assertThat(best.mrr()).isEqualTo(1, within(1e-9));

    Recall repeated = new Recall();
    repeated.add(List.of(Set.of("x"), Set.of("a"), Set.of("a"), Set.of("a", "b")), Set.of("a", "b", "c"));
    assertThat(repeated.at(1)).isZero();
    assertThat(repeated.at(5)).isEqualTo(0.6667, within(1e-4));
    assertThat(repeated.mrr()).isEqualTo(0.5, within(1e-9));
    assertThat(repeated.ndcg()).isEqualTo((gain(2) + gain(4)) / (gain(1) + gain(2) + gain(3)), within(1e-4));

    Recall deep = new Recall();
    List<Set<String>> hits = new ArrayList<>(Collections.nCopies(9, Set.of()));
    hits.add(Set.of("a", "b"));
    deep.add(hits, Set.of("a", "b"));
    assertThat(deep.at(10)).isEqualTo(1, within(1e-9));
    assertThat(deep.ndcg()).isEqualTo(2 * gain(10) / (gain(1) + gain(2)), within(1e-4));
  }

  private static double gain(int rank) {
    return Math.log(2) / Math.log(rank + 1);
  }
}
