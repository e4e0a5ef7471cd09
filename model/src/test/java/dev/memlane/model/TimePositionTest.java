package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimePositionTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.000001Z");

  private static TimePosition position(Instant time, Instant createdAt, long id) {
    return new TimePosition(time, createdAt, new MemoryId(new UUID(0, id)));
  }

  @Test
  void order_isThatOfTime_thenOfAcceptance_thenOfIds() {
    assertThat(List.of(position(NOON, NOON.plusNanos(1_000), 1), position(NOON, NOON, 3),
        position(NOON.minusNanos(1_000), NOON.plusSeconds(1), 9), position(NOON, NOON, 2)).stream().sorted())
        .containsExactly(position(NOON.minusNanos(1_000), NOON.plusSeconds(1), 9), position(NOON, NOON, 2),
            position(NOON, NOON, 3), position(NOON, NOON.plusNanos(1_000), 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0001-01-01T00:00:00Z", "2026-03-01T12:00:00.000001Z", "9999-12-31T23:59:59.999999Z"})
  void text_ofAPosition_isParsedToTheSamePosition(String time) {
    TimePosition position = position(Instant.parse(time), NOON, 7);

    assertThat(TimePosition.parse(position.toString())).isEqualTo(position);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "0198c5a2-7c1e-7a50-9d53-0242ac120002",
      "2026-03-01T12:00:00Z_2026-03-01T12:00:00Z_7",
      "+10000-01-01T00:00:00Z_2026-03-01T12:00:00Z_0198c5a2-7c1e-7a50-9d53-0242ac120002",
      "2026-03-01T12:00:00Z_2026-03-01T12:00:00Z_0198c5a2-7c1e-7a50-9d53-0242ac120002_"})
  void anotherText_isRefused(String text) {
    assertThatThrownBy(() -> TimePosition.parse(text)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("is no position in a list by time");
  }
}
