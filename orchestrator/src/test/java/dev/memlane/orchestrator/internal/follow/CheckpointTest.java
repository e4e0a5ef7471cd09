package dev.memlane.orchestrator.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {

  private static final Checkpoint CHECKPOINT = new Checkpoint(new UUID(1, 2), new UUID(3, 4), "position",
      Instant.parse("2026-11-29T10:00:00.123Z"), Instant.parse("2026-11-28T10:00:00Z"),
      Set.of(new MemoryId(new UUID(5, 6)), new MemoryId(new UUID(-7, -8))));

  @Test
  void read_whatWasWritten_isTheSame() {
    assertThat(Checkpoint.read(CHECKPOINT.write())).contains(CHECKPOINT);
    Checkpoint empty = CHECKPOINT.withInFlight(Set.of());
    assertThat(Checkpoint.read(empty.write())).contains(empty);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "1", "2\na\nb\nc\nd\ne\nf", "1\na\nb\nc\nd\ne\nf"})
  void read_anythingElse_isNone(String text) {
    assertThat(Checkpoint.read(text)).isEmpty();
  }

  @Test
  void read_anotherVersion_isNone() {
    assertThat(Checkpoint.read("2" + CHECKPOINT.write().substring(1))).isEmpty();
  }
}
