package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.TimeParser.EpochUnit;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeParserTest {

  @ParameterizedTest
  @CsvSource(delimiter = '~', value = {"2026-03-02 ~ 2026-03-02T00:00:00Z", " 2026-03-02T09:14Z ~ 2026-03-02T09:14:00Z",
      "2026-03-02T09:14:00Z ~ 2026-03-02T09:14:00Z", "2026-03-02t09:14:00z ~ 2026-03-02T09:14:00Z",
      "2026-03-02 09:14:00Z ~ 2026-03-02T09:14:00Z", "2026-03-02 10:14:00 +0100 ~ 2026-03-02T09:14:00Z",
      "2026-03-02T10:14:00+0100 ~ 2026-03-02T09:14:00Z", "2026-03-02T10:14:00+01:00 ~ 2026-03-02T09:14:00Z",
      "2026-03-02T10:14:00+01 ~ 2026-03-02T09:14:00Z", "2026-03-02T04:44:00-04:30 ~ 2026-03-02T09:14:00Z",
      "2026-03-02 09:14:00 UTC ~ 2026-03-02T09:14:00Z",
      "2026-03-02T09:14:00.123456789Z ~ 2026-03-02T09:14:00.123456789Z",
      "2026-03-02T09:14:00.5Z ~ 2026-03-02T09:14:00.500Z", "2026-03-02T09:14:00,5Z ~ 2026-03-02T09:14:00.500Z",
      "0001-01-01 ~ 0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z ~ 9999-12-31T23:59:59.999999999Z"})
  void parse_commonForms_areAccepted(String text, String moment) {
    assertThat(TimeParser.standard().parse("the time", text)).isEqualTo(moment);
    assertThat(TimeParser.counting(EpochUnit.SECONDS).parse("the time", text)).isEqualTo(moment);
  }

  @ParameterizedTest
  @CsvSource({"SECONDS,1772442840,2026-03-02T09:14:00Z", "SECONDS,1772442840.5,2026-03-02T09:14:00.500Z",
      "SECONDS,0,1970-01-01T00:00:00Z", "SECONDS,-1.25,1969-12-31T23:59:58.750Z",
      "SECONDS,1772442840.1234567891,2026-03-02T09:14:00.123456789Z",
      "MILLISECONDS,1772442840123,2026-03-02T09:14:00.123Z",
      "MILLISECONDS,1772442840123.25,2026-03-02T09:14:00.123250Z",
      "MILLISECONDS,-1,1969-12-31T23:59:59.999Z"})
  void parse_aNumber_countsTheGivenUnit(EpochUnit unit, String text, Instant moment) {
    assertThat(TimeParser.counting(unit).parse("the time", text)).isEqualTo(moment);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "yesterday", "2026", "2026-3-2", "2026-02-30", "2026-13-01", "2026-03-02T",
      "02.03.2026",
      "2026-03-02T25:00:00Z", "2026-03-02T09:14:60Z", "2026-03-02T09:14:00+19:00", "2026-03-02T09:14:00 CET",
      "2026-03-02T09:14:00Z and more", "12026-03-02", "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0660\u0662",
      "999999999999999999999", "1772442840"})
  void parse_anotherText_isRefusedWithExamples(String text) {
    assertThatThrownBy(() -> TimeParser.standard().parse("\"occurredAt\"", text))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("\"occurredAt\" ").hasMessageContaining("2026-03-02T09:14:00Z");
  }

  @Test
  void parse_withoutAnOffset_asksForOne() {
    assertThatThrownBy(() -> TimeParser.standard().parse("the time", "2026-03-02T09:14:00"))
        .hasMessageContaining("add Z for UTC");
  }

  @Test
  void parse_beyondTheYears_isRefused() {
    TimeParser seconds = TimeParser.counting(EpochUnit.SECONDS);
    assertThatThrownBy(() -> seconds.parse("the time", "1772442840000"))
        .hasMessageContaining("years 1 to 9999").hasMessageEndingWith("are these milliseconds?");
    assertThatThrownBy(() -> seconds.parse("the time", "999999999999999999")).hasMessageContaining("years 1 to 9999");
    assertThatThrownBy(() -> TimeParser.standard().parse("the time", "0000-01-01"))
        .hasMessageContaining("years 1 to 9999");
    assertThatThrownBy(() -> TimeParser.standard().parse("the time", "0001-01-01T00:00:00+01:00"))
        .hasMessageContaining("years 1 to 9999");
  }

  @Test
  void parse_aLongText_isAbbreviatedInTheMessage() {
    assertThatThrownBy(() -> TimeParser.standard().parse("the time", "x\u001B".repeat(1_000_000)))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(250).doesNotContain("\u001B"));
  }

  @Test
  void parse_textFormOfInstants_isAccepted() {
    Random random = new Random(7);
    for (int i = 0; i < 1_000; i++) {
      Instant moment = Instant.ofEpochSecond(random.nextLong(-62_000_000_000L, 253_000_000_000L),
          random.nextInt(1_000_000_000));
      assertThat(TimeParser.standard().parse("the time", moment.toString())).isEqualTo(moment);
    }
  }
}
