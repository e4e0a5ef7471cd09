package dev.memlane.extraction;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {

  private final Redaction redaction = new Redaction();

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"Write to ada.byron+home@mail.example.org.|Write to [e-mail].",
      "<ada@example.org>|<[e-mail]>", "jörg@müller.example, or Bo|[e-mail], or Bo",
      "My card is 4111 1111 1111 1111.|My card is [card].", "5500-0000-0000-0004|[card]", "378282246310005!|[card]!",
      "Call +49 30 901820.|Call [phone].", "+1 (555) 123-4567|[phone]", "0049 30/901820 x|[phone] x",
      "(555) 123-4567|[phone]", "555-123-4567, please|[phone], please", "0176 12345678|[phone]",
      "030/9018 2012 in Berlin|[phone] in Berlin", "+351912345678|[phone]"})
  void whatReachesPeople_isReplaced(String text, String redacted) {
    assertThat(redaction.apply(text)).isEqualTo(redacted);
  }

  @ParameterizedTest
  @ValueSource(strings = {"We moved on 2024-03-02.", "02.03.2024, 18:03", "02/03/2024 09:15",
      "2024-03-02T09:14:05.123Z",
      "192.168.10.12:8080", "version 1.25.1.0", "ISBN 978-3-16-148410-0", "It costs 1,234,567.89 euros",
      "order 12345678901", "1999-2003", "4111 1111 1111 1112 has a wrong check digit", "3.14159265358979",
      "@ada said hi", "me@home", "50 000 000 people", "0.0012345678", "id 0198c5a2-7c1e-7a50-9d53-0242ac120002",
      "10-20 30-40", "room 0123", "00:00:00", "a+b=100200300"})
  void otherNumbers_stay(String text) {
    assertThat(redaction.apply(text)).isEqualTo(text);
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void hostileTexts_endSoon() {
    for (String text : new String[]{"1 ".repeat(500_000), "a.".repeat(500_000), "a".repeat(1_000_000) + "@",
        "x@" + "a.".repeat(500_000), "+1(".repeat(300_000), "0-".repeat(500_000)}) {
      assertThat(redaction.apply(text)).isNotEmpty();
    }
  }
}
