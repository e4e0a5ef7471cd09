package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The meaning of filters. */
class FilterTest {

  private static final Metadata METADATA = Metadata.of(
      Map.of("topic", "music", "count", 10, "tags", List.of("a", "c", 5), "empty", List.of(), "flag", true));

  @Test
  void equal_comparesByTypeAndValue() {
    holds(Filter.equal("topic", "music"));
    holds(Filter.equal("count", 10.0));
    holds(Filter.equal("flag", true));
    holdsNot(Filter.equal("count", "10"));
    holdsNot(Filter.equal("flag", "true"));
    holdsNot(Filter.equal("topic", "Music"));
  }

  @Test
  void list_matchesIfOneElementDoes() {
    holds(Filter.equal("tags", "c"));
    holds(Filter.in("tags", "x", 5));
    holdsNot(Filter.in("tags", "x", "5"));
    holdsNot(Filter.in("tags"));
    holdsNot(Filter.equal("empty", "a"));
    holds(Filter.exists("empty"));
  }

  @Test
  void contains_comparesTextsCharacterByCharacter() {
    holds(Filter.contains("topic", "usi"));
    holds(Filter.contains("topic", "music"));
    holdsNot(Filter.contains("topic", "Usi"));
    holdsNot(Filter.contains("topic", "music "));
    holdsNot(Filter.contains("topic", "u.i"));
    holdsNot(Filter.contains("count", "1"));
    holdsNot(Filter.contains("flag", "true"));
    holds(Filter.contains("tags", "c"));
    holdsNot(Filter.contains("empty", "a"));
    holdsNot(Filter.contains("absent", "a"));
    assertThat(Filter.contains("k", "\uD83D\uDE00").matches(Metadata.of("k", "z\uD83D\uDE00z"), null)).isTrue();
  }

  @Test
  void contains_badText_isRefused() {
    refused(() -> Filter.contains("k", ""), "\"k\"", "is empty", "use exists");
    refused(() -> Filter.contains("k", "x".repeat(Metadata.LONGEST_TEXT + 1)), "\"k\"", "8001", "8000");
    refused(() -> Filter.contains("k", "\uD83D"), "\"k\"");
    refused(() -> Filter.contains("k", "a\0b"), "\"k\"");
    refused(() -> Filter.contains("", "a"), "a filter's key", "empty");
  }

  @Test
  void range_onAList_needsOneElementWithinBothBounds() {
    holdsNot(Filter.between("tags", "b", "bb"));
    holds(Filter.between("tags", "b", "c"));
    holds(Filter.between("tags", 5, 6));
  }

  @Test
  void range_bounds_areIncludedOrNot() {
    holds(Filter.atLeast("count", 10));
    holdsNot(Filter.greaterThan("count", 10));
    holds(Filter.atMost("count", 10));
    holdsNot(Filter.lessThan("count", 10));
    holds(Filter.greaterThan("count", 9));
    holdsNot(Filter.atLeast("topic", 1));
    holdsNot(Filter.atLeast("count", "1"));
    holdsNot(Filter.atLeast("flag", 0));
  }

  @Test
  void not_holdsExactlyIfTheConditionDoesNot() {
    for (Filter filter : List.of(Filter.equal("absent", 1), Filter.atLeast("absent", 1), Filter.atLeast("topic", 1),
        Filter.in("absent", 1), Filter.exists("absent"))) {
      holdsNot(filter);
      holds(Filter.not(filter));
    }
    holdsNot(Filter.not(Filter.exists("topic")));
  }

  @Test
  void andOr_withoutConditions_holdAlwaysAndNever() {
    holds(Filter.and());
    holdsNot(Filter.or());
    holds(Filter.or(Filter.exists("absent"), Filter.exists("topic")));
    holdsNot(Filter.and(Filter.exists("absent"), Filter.exists("topic")));
  }

  @Test
  void range_onTextsBeyondTheBasicPlane_followsCodePoints() {
    Metadata emoji = Metadata.of("k", "z\uD83D\uDE00");

    assertThat(Filter.greaterThan("k", "z\uFFFD").matches(emoji, null)).isTrue();
    assertThat(Filter.lessThan("k", "z\uFFFD").matches(emoji, null)).isFalse();
    assertThat(Filter.greaterThan("k", "z").matches(emoji, null)).isTrue();
  }

  @Test
  void occurred_holdsFromItsBegin_untilBeforeItsEnd_andNeverWithoutATime() {
    Instant noon = Instant.parse("2026-03-01T12:00:00Z");
    Instant later = noon.plus(1, ChronoUnit.MICROS);
    Filter from = Filter.occurredFrom(noon);
    Filter before = Filter.occurredBefore(later);

    assertThat(from.matches(METADATA, noon)).isTrue();
    assertThat(from.matches(METADATA, noon.minus(1, ChronoUnit.MICROS))).isFalse();
    assertThat(before.matches(METADATA, noon)).isTrue();
    assertThat(before.matches(METADATA, later)).isFalse();
    assertThat(Filter.occurredBetween(noon, later).matches(METADATA, noon)).isTrue();
    for (Filter filter : List.of(from, before, Filter.occurredBetween(noon, later))) {
      assertThat(filter.matches(METADATA, null)).isFalse();
      assertThat(Filter.not(filter).matches(METADATA, null)).isTrue();
    }
  }

  @Test
  void occurred_boundsBetweenMicroseconds_meanTheSameAsUnrounded() {
    Instant noon = Instant.parse("2026-03-01T12:00:00Z");
    Instant shortlyAfter = noon.plusNanos(1);

    assertThat(Filter.occurredFrom(shortlyAfter).matches(METADATA, noon)).isFalse();
    assertThat(Filter.occurredBefore(shortlyAfter).matches(METADATA, noon)).isTrue();
    refused(() -> new Filter.Occurred(null, null), "no bound");
    refused(() -> Filter.occurredFrom(Instant.MAX), "9999");
    refused(() -> Filter.occurredBetween(noon.plusSeconds(1), noon), "ends before");
    assertThat(Filter.occurredBetween(noon, noon).matches(METADATA, noon)).as("no time at all").isFalse();
  }

  @Test
  void range_withBadBounds_namesTheKey() {
    refused(() -> Filter.between("k", 1, "b"), "\"k\"", "two numbers or two texts");
    refused(() -> Filter.atLeast("k", true), "\"k\"", "two numbers or two texts");
    refused(() -> new Filter.Range("k", null, true, null, true), "\"k\"", "no bound");
    refused(() -> Filter.atLeast("k", Double.NaN), "\"k\"", "NaN");
  }

  @Test
  void filter_badValueOrKey_isRefused() {
    refused(() -> Filter.equal("k", List.of("a")), "\"k\"");
    refused(() -> Filter.equal("", "a"), "a filter's key", "empty");
    refused(() -> Filter.equal("k", (1L << 53) + 1), "\"k\"", "2^53");
    refused(() -> new Filter.In("k", Collections.nCopies(Filter.MOST_VALUES + 1, "a")), "1001", "1000");
  }

  @Test
  void filter_nestedToTheLimit_isAccepted_andDeeperRefused() {
    Filter filter = Filter.exists("topic");
    for (int depth = 1; depth < Filter.DEEPEST; depth++) {
      filter = Filter.not(filter);
    }
    Filter deepest = filter;

    holdsNot(deepest);
    refused(() -> Filter.not(deepest), "32 deep");
    refused(() -> Filter.and(deepest), "32 deep");
    refused(() -> Filter.or(Filter.exists("a"), deepest), "32 deep");
  }

  private static void holds(Filter filter) {
    assertThat(filter.matches(METADATA, null)).as("%s", filter).isTrue();
  }

  private static void holdsNot(Filter filter) {
    assertThat(filter.matches(METADATA, null)).as("%s", filter).isFalse();
  }

  private static void refused(ThrowingCallable call, String... named) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.getMessage()).contains(named));
  }
}
