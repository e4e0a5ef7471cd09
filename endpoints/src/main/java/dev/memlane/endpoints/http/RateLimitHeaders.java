package dev.memlane.endpoints.http;

import dev.memlane.endpoints.Allowance;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rate-limit headers of an answer: {@code Retry-After} (RFC 9110, section 10.2.3; seconds or a date),
 * {@code retry-after-ms}, and OpenAI's {@code x-ratelimit-remaining-*} and {@code x-ratelimit-reset-*} for requests and
 * tokens. A header that can't be parsed is ignored.
 */
final class RateLimitHeaders {

  private static final Pattern PART = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m|h|d)?");
  private static final double LONGEST_SECONDS = 86_400;
  private static final long USEFUL_PART = 10;

  private final HttpHeaders headers;
  private final InstantSource clock;

  RateLimitHeaders(HttpHeaders headers, InstantSource clock) {
    this.headers = headers;
    this.clock = clock;
  }

  /** How long the endpoint asks to be left alone, or null if it doesn't say. */
  @Nullable
  Duration retryAfter() {
    String milliseconds = value("retry-after-ms");
    Duration exact = milliseconds == null ? null : duration(milliseconds + "ms");
    String said = value("retry-after");
    if (exact != null || said == null) {
      return exact;
    }
    Duration seconds = duration(said);
    return seconds == null ? until(said) : seconds;
  }

  /** How long to leave an endpoint alone after it failed a request, or null if no header says so. */
  @Nullable
  Duration pause() {
    Duration asked = retryAfter();
    Allowance left = allowance();
    if (asked != null || left == null || left.exhaustedFor().isZero()) {
      return asked;
    }
    return left.exhaustedFor();
  }

  /**
   * How much the endpoint would still accept, or null if it doesn't say. The headers' resets say when the whole limit
   * is available again. One more request is available after its part of that time, and a useful number of tokens after
   * a tenth.
   */
  @Nullable
  Allowance allowance() {
    OptionalLong requests = number("x-ratelimit-remaining-requests");
    OptionalLong tokens = number("x-ratelimit-remaining-tokens");
    if (requests.isEmpty() && tokens.isEmpty()) {
      return null;
    }
    long limit = Math.max(1, number("x-ratelimit-limit-requests").orElse(1));
    return new Allowance(requests.orElse(Allowance.UNKNOWN), reset("x-ratelimit-reset-requests").dividedBy(limit),
        tokens.orElse(Allowance.UNKNOWN), reset("x-ratelimit-reset-tokens").dividedBy(USEFUL_PART));
  }

  private @Nullable String value(String header) {
    return headers.firstValue(header).map(String::strip).orElse(null);
  }

  private OptionalLong number(String header) {
    String value = value(header);
    try {
      // Some providers send -1 if there is no limit.
      return value == null || value.startsWith("-") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(value));
    } catch (NumberFormatException e) {
      // Unknown format: ignored.
      return OptionalLong.empty();
    }
  }

  private Duration reset(String header) {
    String value = value(header);
    Duration duration = value == null ? null : duration(value);
    return duration == null ? Duration.ZERO : duration;
  }

  /** Parses a number of seconds, or parts with units such as {@code 1m30s} or {@code 250ms}; null if it is neither. */
  static @Nullable Duration duration(String text) {
    Matcher parts = PART.matcher(text);
    double seconds = 0;
    int end = 0;
    while (parts.lookingAt()) {
      String unit = parts.group(2) == null ? "s" : parts.group(2);
      seconds += Double.parseDouble(parts.group(1)) * switch (unit) {
        case "ms" -> 0.001;
        case "m" -> 60;
        case "h" -> 3_600;
        case "d" -> 86_400;
        default -> 1;
      };
      end = parts.end();
      parts.region(end, text.length());
    }
    return end == 0 || end != text.length()
        ? null
        : Duration.ofNanos(Math.round(1e9 * Math.min(seconds, LONGEST_SECONDS)));
  }

  private @Nullable Duration until(String date) {
    try {
      Duration until = Duration.between(clock.instant(),
          ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      return until.isNegative() ? Duration.ZERO : until;
    } catch (DateTimeException e) {
      // Unknown format: ignored.
      return null;
    }
  }
}
