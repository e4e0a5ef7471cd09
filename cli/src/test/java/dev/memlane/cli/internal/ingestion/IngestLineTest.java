package dev.memlane.cli.internal.ingestion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import dev.memlane.model.TimeParser.EpochUnit;
import dev.memlane.testing.PlainMessages;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IngestLineTest {

  private static final IngestLine.Defaults NOBODY = new IngestLine.Defaults(null, null, null, TimeParser.standard());

  @Test
  void parse_everyField_isRead() {
    NewMemory memory = IngestLine.parse("""
        {"content":"Hé 🎉","user":"u","agent":"a","run":"r","actor":"Ada","occurredAt":"2026-03-02T10:14:00+01:00",
        "expiresAt":"2027-01-01T00:00:00Z","metadata":{"topic":"x","n":3,"f":2.5,"b":true,"tags":["p",1]},"key":"k"}""",
        NOBODY, "derived").memory();

    assertThat(memory.content()).isEqualTo("Hé 🎉");
    assertThat(memory.scope()).isEqualTo(new Scope("u", "a", "r"));
    assertThat(memory.actor()).isEqualTo("Ada");
    assertThat(memory.occurredAt()).isEqualTo(Instant.parse("2026-03-02T09:14:00Z"));
    assertThat(memory.expiresAt()).isEqualTo(Instant.parse("2027-01-01T00:00:00Z"));
    assertThat(memory.metadata().toMap())
        .isEqualTo(Map.of("topic", "x", "n", 3L, "f", 2.5, "b", true, "tags", List.of("p", 1L)));
    assertThat(memory.key()).isEqualTo("k");
  }

  @Test
  void parse_absentScope_comesFromTheDefaults() {
    NewMemory memory = IngestLine.parse("{\"content\":\"c\",\"run\":\"r\",\"agent\":null}",
        new IngestLine.Defaults("u", "a", "other", TimeParser.standard()), "derived").memory();

    assertThat(memory.scope()).isEqualTo(new Scope("u", "a", "r"));
    assertThat(memory.key()).isEqualTo("derived");
  }

  @Test
  void parse_unknownField_isReported() {
    assertThat(IngestLine.parse("{\"content\":\"c\",\"user\":\"u\",\"occured_at\":1}", NOBODY, "d").unknownFields())
        .containsExactly("occured_at");
    assertThat(IngestLine.meant("occured_at")).isEqualTo("occurredAt");
    assertThat(IngestLine.meant("cnotent")).isEqualTo("content");
    assertThat(IngestLine.meant("speaker")).isNull();
  }

  @Test
  void parse_longNames_areShortenedInMessages() {
    String name = "x".repeat(10_000);
    for (String line : List.of("{\"" + name + "\":1}", "{\"content\":\"c\",\"metadata\":{\"" + name + "\":{}}}")) {
      assertThatThrownBy(() -> IngestLine.parse(line, NOBODY, "d")).isInstanceOf(InvalidInputException.class)
          .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500));
    }
  }

  @Test
  void parse_nullInMetadata_isLeftOut() {
    NewMemory memory = IngestLine
        .parse("{\"content\":\"c\",\"user\":\"u\",\"metadata\":{\"a\":null,\"b\":[1,null]}}", NOBODY,
            "d")
        .memory();

    assertThat(memory.metadata()).isEqualTo(Metadata.of("b", List.of(1)));
  }

  @Test
  void parse_times_asPeopleAndProgramsWriteThem() {
    for (String time : List.of("\"2026-03-02\"", "\"2026-03-02 01:00 +0100\"", "\"2026-03-02T00:00:00Z\"")) {
      assertThat(
          IngestLine.parse("{\"content\":\"c\",\"user\":\"u\",\"occurredAt\":" + time + "}", NOBODY, "d").memory()
              .occurredAt())
          .isEqualTo("2026-03-02T00:00:00Z");
    }
    IngestLine.Defaults seconds = new IngestLine.Defaults("u", null, null, TimeParser.counting(EpochUnit.SECONDS));
    IngestLine.Defaults milliseconds = new IngestLine.Defaults("u", null, null,
        TimeParser.counting(EpochUnit.MILLISECONDS));
    assertThat(
        IngestLine.parse("{\"content\":\"c\",\"occurredAt\":1.77244284E9,\"expiresAt\":\"2026-03-02\"}", seconds, "d")
            .memory())
        .satisfies(memory -> {
          assertThat(memory.occurredAt()).isEqualTo("2026-03-02T09:14:00Z");
          assertThat(memory.expiresAt()).isEqualTo("2026-03-02T00:00:00Z");
        });
    assertThat(IngestLine.parse("{\"content\":\"c\",\"occurredAt\":1772442840123}", milliseconds, "d").memory()
        .occurredAt()).isEqualTo("2026-03-02T09:14:00.123Z");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '`', value = {
      "{\"content\":\"c\",\"user\":\"u\"  ~ not JSON",
      "plain text ~ not JSON",
      "{\"content\":\"c\",\"user\":\"u\"} {} ~ not JSON: something follows the object",
      "{\"content\":\"c\",\"content\":\"d\",\"user\":\"u\"} ~ not JSON: \"content\" is there twice",
      "[1] ~ must be a JSON object",
      "null ~ must be a JSON object",
      "{\"user\":\"u\"} ~ \"content\" is missing",
      "{\"content\":null,\"user\":\"u\"} ~ \"content\" is missing",
      "{\"text\":\"c\",\"user\":\"u\"} ~ missing; there is text",
      "{\"content\":7,\"user\":\"u\"} ~ \"content\" must be a text, and this is a number",
      "{\"content\":\" \",\"user\":\"u\"} ~ content is empty",
      "{\"content\":\"a\\u0000b\",\"user\":\"u\"} ~ NUL",
      "{\"content\":\"\\ud83d\",\"user\":\"u\"} ~ half a character",
      "{\"content\":\"c\"} ~ no \"user\"",
      "{\"content\":\"c\",\"user\":[]} ~ \"user\" must be a text, and this is a list",
      "{\"content\":\"c\",\"user\":\"\"} ~ user is empty",
      "{\"content\":\"c\",\"user\":\"u\",\"key\":\"\"} ~ key is empty",
      "{\"content\":\"c\",\"user\":\"u\",\"metadata\":[]} ~ \"metadata\" must be an object",
      "{\"content\":\"c\",\"user\":\"u\",\"metadata\":{\"a\":{}}} ~ metadata \"a\" holds an object",
      "{\"content\":\"c\",\"user\":\"u\",\"metadata\":{\"a\":[[1]]}} ~ metadata \"a\" holds a list",
      "{\"content\":\"c\",\"user\":\"u\",\"metadata\":{\"a\":NaN}} ~ NaN and Infinity can't be written in JSON",
      "{\"content\":\"c\td\",\"user\":\"u\"} ~ a line break, tab or control character",
      "{\"content\":\"c\",\"user\":\"u\",\"metadata\":{\"a\":99999999999999999999}} ~ metadata \"a\" is the number",
      "{\"content\":\"c\",\"user\":\"u\",\"metadata\":{\"a\":1e999}} ~ metadata \"a\" is the number",
      "{\"content\":\"c\",\"user\":\"u\",\"occurredAt\":\"yesterday\"} ~ must be a day or a time",
      "{\"content\":\"c\",\"user\":\"u\",\"occurredAt\":\"2026-02-30T00:00:00Z\"} ~ must be a day or a time",
      "{\"content\":\"c\",\"user\":\"u\",\"occurredAt\":1772442840} ~ --epoch seconds or --epoch milliseconds"})
  void parse_badLine_isRefusedWithTheReason(String line, String reason) {
    assertThatThrownBy(() -> IngestLine.parse(line, NOBODY, "derived")).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(reason).satisfies(e -> PlainMessages.assertPlain(String.valueOf(e.getMessage())));
  }

  @Test
  void parse_contentTooLong_saysTheLimit() {
    String line = "{\"user\":\"u\",\"content\":\"" + "x".repeat(Memory.LONGEST_CONTENT + 1) + "\"}";

    assertThatThrownBy(() -> IngestLine.parse(line, NOBODY, "derived")).hasMessageContaining("the limit is 100000");
  }

  @Test
  void parse_nestedVeryDeep_isRefused() {
    assertThatThrownBy(() -> IngestLine.parse("[".repeat(100_000), NOBODY, "derived"))
        .isInstanceOf(InvalidInputException.class).hasMessageStartingWith("not JSON: ")
        .satisfies(e -> PlainMessages.assertPlain(String.valueOf(e.getMessage())));
  }
}
