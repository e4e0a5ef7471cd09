package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The values of a memory, other than content and metadata, that an update may change.
 *
 * @param actor who said it, or null
 * @param occurredAt when the event that it describes happened, or null; to the microsecond
 * @param expiresAt when it stops being found, or null; to the microsecond
 */
public record Details(@Nullable String actor,
    @JsonFormat(shape = JsonFormat.Shape.STRING) @Nullable Instant occurredAt,
    @JsonFormat(shape = JsonFormat.Shape.STRING) @Nullable Instant expiresAt) {

  public static Details of(Memory memory) {
    return new Details(memory.actor(), memory.occurredAt(), memory.expiresAt());
  }
}
