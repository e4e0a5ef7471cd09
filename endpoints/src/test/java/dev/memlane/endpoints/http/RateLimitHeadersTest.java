package dev.memlane.endpoints.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.endpoints.Allowance;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimitHeadersTest {

  private static RateLimitHeaders headers(Map<String, String> values) {
    Map<String, List<String>> lists = new HashMap<>();
    values.forEach((name, value) -> lists.put(name, List.of(value)));
    return new RateLimitHeaders(HttpHeaders.of(lists, (name, value) -> true),
        InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z")));
  }

  @ParameterizedTest
  @CsvSource({"7, PT7S", "0.5, PT0.5S", "1s, PT1S", "6m0s, PT6M", "1h2m3s, PT1H2M3S", "250ms, PT0.25S",
      "1m0.5s, PT60.5S",
      "2d, PT24H"})
  void duration_anyForm_isParsed(String text, Duration expected) {
    assertThat(RateLimitHeaders.duration(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "-1", "1x", "s", "1 s", "9999999999999999999999h1"})
  void duration_otherText_isNull(String text) {
    assertThat(RateLimitHeaders.duration(text)).satisfiesAnyOf(duration -> assertThat(duration).isNull(),
        duration -> assertThat(duration).isEqualTo(Duration.ofDays(1)));
  }

  @Test
  void retryAfter_millisecondsSecondsOrDate_isParsed() {
    assertThat(headers(Map.of()).retryAfter()).isNull();
    assertThat(headers(Map.of("Retry-After", "20")).retryAfter()).isEqualTo(Duration.ofSeconds(20));
    assertThat(headers(Map.of("Retry-After", "1", "retry-after-ms", "30")).retryAfter())
        .isEqualTo(Duration.ofMillis(30));
    assertThat(headers(Map.of("Retry-After", "Fri, 2 Jan 2026 03:05:05 GMT")).retryAfter())
        .isEqualTo(Duration.ofMinutes(1));
    assertThat(headers(Map.of("Retry-After", "Fri, 2 Jan 2026 03:00:00 GMT")).retryAfter()).isEqualTo(Duration.ZERO);
    assertThat(headers(Map.of("Retry-After", "tomorrow")).retryAfter()).isNull();
  }

  @Test
  void pause_withoutRetryAfter_lastsUntilAllowanceReset() {
    Map<String, String> exhausted = Map.of("x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "0",
        "x-ratelimit-reset-requests", "1m0s");
    assertThat(headers(exhausted).pause()).isEqualTo(Duration.ofSeconds(1));
    Map<String, String> both = new HashMap<>(exhausted);
    both.put("Retry-After", "5");
    assertThat(headers(both).pause()).isEqualTo(Duration.ofSeconds(5));
    assertThat(headers(Map.of("x-ratelimit-remaining-requests", "3")).pause()).isNull();
  }

  @Test
  void allowance_remainingAndReset_areParsed() {
    assertThat(headers(Map.of("x-ratelimit-limit-requests", "60")).allowance()).isNull();
    assertThat(headers(Map.of("x-ratelimit-remaining-requests", "59", "x-ratelimit-reset-requests", "1s",
        "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "6m0s")).allowance())
        .isEqualTo(new Allowance(59, Duration.ofSeconds(1), 0, Duration.ofSeconds(36)));
    assertThat(headers(Map.of("x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "0",
        "x-ratelimit-reset-requests", "1m0s")).allowance())
        .isEqualTo(new Allowance(0, Duration.ofSeconds(1), Allowance.UNKNOWN, Duration.ZERO));
    assertThat(headers(Map.of("x-ratelimit-remaining-requests", "-1")).allowance()).isNull();
    assertThat(headers(Map.of("x-ratelimit-remaining-tokens", "many")).allowance()).isNull();
    assertThat(headers(Map.of("x-ratelimit-remaining-tokens", "5")).allowance())
        .isEqualTo(new Allowance(Allowance.UNKNOWN, Duration.ZERO, 5, Duration.ZERO));
  }
}
