package dev.memlane.perf.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a run prints can be read: figures stand below each other, and every bar has its line. */
class TableTest {

  @Test
  void of_severalRounds_alignsMediansToTheRightAndSpreadsToTheLeft() {
    Finding finding = finding(List.of(new Measure("add", "1 caller", "per second", List.of(4_000.4, 4_100.0, 3_900.0)),
        new Measure("add", "1 caller", "p50 ms", List.of(0.25)),
        new Measure("one after the other", "64 callers", "per second", List.of(999.5, 12.0))), List.of(), null);
    assertThat(Table.of(finding)).isEqualTo("""
                                           per second                  p50 ms
          add                  1 caller         4,000  (3,900..4,100)   0.250
          one after the other  64 callers         506  (12.0..1,000)
          a note
        """);
  }

  @Test
  void of_verdictsNotesAndAFailure_saysEachInALine() {
    Finding finding = finding(List.of(),
        List.of(new Verdict("of the limit", 0.5, Verdict.Bar.atLeast(0.5), true),
            new Verdict("p50 ms", 3.01, Verdict.Bar.atMost(3), true),
            new Verdict("recall", Double.NaN, Verdict.Bar.atLeast(0.95), true),
            new Verdict("small", 1, Verdict.Bar.atLeast(2), false)),
        "java.io.IOException: full");
    assertThat(Table.of(finding).lines()).containsExactly("",
        "  ok      of the limit: 0.500 (at least 0.500)",
        "  MISSED  p50 ms: 3.01 (at most 3.00)",
        "  MISSED  recall: ? (at least 0.950)",
        "  below   small: 1.00 (at least 2.00, not judged at this size)",
        "  a note",
        "  FAILED: java.io.IOException: full");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"NaN | ?", "0 | 0.000", "0.1234 | 0.123", "1.236 | 1.24", "-12.34 | -12.3",
      "123.4 | 123", "1234567.8 | 1,234,568"})
  void number_ofAnySize_showsThreeSignificantDigits(double value, String shown) {
    assertThat(Table.number(value)).isEqualTo(shown);
  }

  private static Finding finding(List<Measure> measures, List<Verdict> verdicts, @Nullable String failure) {
    return new Finding("name", "title", 1, measures, verdicts, List.of(), List.of("a note"), failure);
  }
}
