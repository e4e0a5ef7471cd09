package dev.memlane.orchestrator.internal.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.orchestrator.internal.search.NamedTimes.Period;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamedTimesTest {

  /** A Wednesday. */
  private static final Instant NOW = Instant.parse("2024-03-13T10:00:00Z");

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "What happened on 2023-06-03?                      | 2023-06-03 | 2023-06-04",
      "What happened on 3 June, 2023?                    | 2023-06-03 | 2023-06-04",
      "What happened on the 3rd of June 2023?            | 2023-06-03 | 2023-06-04",
      "What happened on October 13, 2023?                | 2023-10-13 | 2023-10-14",
      "Who came in May 2023?                             | 2023-05-01 | 2023-06-01",
      "Who came in mid-August 2023?                      | 2023-08-08 | 2023-08-25",
      "Where was the first weekend of August 2023 spent? | 2023-08-05 | 2023-08-07",
      "Who came in 2022?                                 | 2022-01-01 | 2023-01-01",
      "Where were we in the summer of 2022?              | 2022-06-01 | 2022-09-01",
      "What was the Monday before July 24, 2023 like?    | 2023-07-17 | 2023-07-18",
      "What was the Saturday after October 28, 2023?     | 2023-11-04 | 2023-11-05",
      "What did I do the week before August 3, 2023?     | 2023-07-27 | 2023-08-03",
      "What came two weeks before August 11, 2023?       | 2023-07-28 | 2023-08-04",
      "Where was I over the weekend before 4th October, 2023? | 2023-09-30 | 2023-10-02",
      "What did I do yesterday?                          | 2024-03-12 | 2024-03-13",
      "What did I do last week?                          | 2024-03-04 | 2024-03-11",
      "What did I do last weekend?                       | 2024-03-09 | 2024-03-11",
      "What did I do last month?                         | 2024-02-01 | 2024-03-01",
      "What did I do last summer?                        | 2023-06-01 | 2023-09-01",
      "What do I plan for next year?                     | 2025-01-01 | 2026-01-01",
      "What was 3 days ago?                              | 2024-03-10 | 2024-03-11"})
  void in_aQuestionWithATime_findsIt(String question, LocalDate from, LocalDate to) {
    assertThat(NamedTimes.in(question, NOW).periods()).containsExactly(
        new Period(from.atStartOfDay().toInstant(ZoneOffset.UTC), to.atStartOfDay().toInstant(ZoneOffset.UTC)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"What may Ada eat?", "How far did they march?", "What cost 2000 dollars?",
      "Who is one year old?",
      "Did 31 June 2023 exist?", "When did Ada go swimming?", "What is the second best pizza?", "", "May I?"})
  void in_aQuestionWithoutATime_findsNone(String question) {
    assertThat(NamedTimes.in(question, NOW).isEmpty()).isTrue();
  }

  @Test
  void in_aDateWithoutAYear_isThatOfEachYear() {
    NamedTimes times = NamedTimes.in("Where was Ada in June?", NOW);

    assertThat(times.nearness(Instant.parse("2023-06-20T00:00:00Z"))).isEqualTo(1);
    assertThat(times.nearness(Instant.parse("2019-06-20T00:00:00Z"))).isEqualTo(1);
    assertThat(times.nearness(Instant.parse("2023-12-20T00:00:00Z"))).isLessThan(0.01);
    assertThat(NamedTimes.in("Where was Ada on February 29?", NOW).nearness(Instant.parse("2024-02-29T08:00:00Z")))
        .isEqualTo(1);
  }

  @Test
  void nearness_fallsSlowlyAfter_andFastBefore() {
    NamedTimes times = NamedTimes.in("What happened on 2023-06-03?", NOW);

    assertThat(times.nearness(Instant.parse("2023-06-19T00:00:00Z"))).isEqualTo(Math.exp(-1), within(1e-9));
    assertThat(times.nearness(Instant.parse("2023-06-01T00:00:00Z"))).isEqualTo(Math.exp(-1), within(1e-9));
    assertThat(NamedTimes.in("What was there before June 2023?", NOW).nearness(Instant.parse("2001-01-01T00:00:00Z")))
        .isEqualTo(1);
    assertThat(NamedTimes.in("What was there after June 2023?", NOW).nearness(Instant.parse("2024-01-01T00:00:00Z")))
        .isEqualTo(1);
  }
}
