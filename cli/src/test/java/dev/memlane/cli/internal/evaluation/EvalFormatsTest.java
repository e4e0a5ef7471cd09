package dev.memlane.cli.internal.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.evaluation.EvalSet.Turn;
import dev.memlane.cli.internal.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The formats of data sets other than LoCoMo's, and what is computed of the figures. */
class EvalFormatsTest {

  @TempDir
  Path directory;

  @Test
  void longMemEval_eachQuestionHasItsOwnHistory() throws IOException {
    Path file = Files.writeString(directory.resolve("long.json"),
        """
            [{"question_id": "q1", "question_type": "single-session-user", "question": "What do I play?",
              "question_date": "2023/05/30 (Tue) 23:40", "haystack_dates": ["2023/05/20 (Sat) 02:21", "2023/05/21 (Sun) 02:21"],
              "haystack_session_ids": ["s1", "s2"], "answer_session_ids": ["s2"],
              "haystack_sessions": [[{"role": "user", "content": "Hello"}],
                [{"role": "user", "content": "I play the oboe", "has_answer": true}, {"role": "assistant", "content": "Nice"}]]},
             {"question_id": "q2_abs", "question": "What do I eat?", "haystack_sessions": [], "answer_session_ids": ["s9"]}]
            """);

    EvalSet set = LongMemEval.read(file);

    assertThat(set.leftOut()).isEqualTo(1);
    assertThat(set.collections()).singleElement().satisfies(history -> {
      assertThat(history.turns()).contains(
          new Turn("s2", "s2#0", "user", "I play the oboe", Instant.parse("2023-05-21T02:21:00Z")));
      assertThat(history.questions()).containsExactly(new Question("What do I play?", "single-session-user",
          Set.of("s2#0"), Set.of("s2"), Instant.parse("2023-05-30T23:40:00Z")));
    });
    assertThatThrownBy(() -> LongMemEval.read(LocomoTest.tiny())).isInstanceOf(CommandFailure.class)
        .hasMessageContaining("LongMemEval's format");
  }

  @Test
  void beir_documentsAndJudgementsAreOneCollection() throws IOException {
    Files.writeString(directory.resolve("corpus.jsonl"), """
        {"_id": "d1", "title": "Oboe", "text": "A woodwind."}
        {"_id": "d2", "text": "A bird.", "metadata": {"actor": "Ada", "year": 2026}}
        """);
    Files.writeString(directory.resolve("queries.jsonl"), """
        {"_id": "q1", "text": "Which woodwind?"}
        {"_id": "q2", "text": "Which fish?"}
        """);
    Files.createDirectory(directory.resolve("qrels"));
    Files.writeString(directory.resolve("qrels").resolve("test.tsv"),
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td7\t1\n");

    EvalSet set = Beir.read(directory);

    assertThat(set.leftOut()).as("its document is not there").isEqualTo(1);
    assertThat(set.collections().getFirst().turns())
        .containsExactly(new Turn(null, "d1", null, "Oboe\nA woodwind.", null),
            new Turn(null, "d2", "Ada", "A bird.", null));
    assertThat(set.collections().getFirst().questions())
        .containsExactly(new Question("Which woodwind?", "all", Set.of("d1"), Set.of(), null));
    Files.writeString(directory.resolve("qrels.tsv"), "q1\td1\n");
    assertThatThrownBy(() -> Beir.read(directory)).isInstanceOf(CommandFailure.class)
        .hasMessageContaining("three columns");
  }

  @Test
  void bootstrap_pairsQuestions_andSaysWhatChanceCanDo() {
    double[] ones = new double[400];
    double[] others = new double[400];
    for (int i = 0; i < ones.length; i++) {
      ones[i] = i % 2;
      others[i] = i % 2 + (i % 5 == 0 ? 0.5 : 0);
    }

    Bootstrap better = Bootstrap.difference(others, ones);

    assertThat(better.mean()).isEqualTo(0.1, within(1e-9));
    assertThat(better.low()).isBetween(0.07, 0.1);
    assertThat(better.high()).isBetween(0.1, 0.13);
    assertThat(better.chance()).isZero();
    assertThat(Bootstrap.difference(ones, ones).chance()).isEqualTo(1);
    assertThat(Bootstrap.of(ones).low()).isBetween(0.43, 0.48);
    assertThat(Bootstrap.of(new double[0]).mean()).isZero();
  }
}
