package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The position of a memory in its run and in lists by time. Memories are ordered by the time of their event, or else of
 * their acceptance; then by their acceptance; then by their ids.
 *
 * @param time the memory's {@code occurredAt}, or else {@code createdAt}; to the microsecond
 * @param createdAt when the memory was accepted
 */
public record TimePosition(Instant time, Instant createdAt, MemoryId id) implements Comparable<TimePosition> {

  private static final Comparator<TimePosition> ORDER = Comparator.comparing(TimePosition::time)
      .thenComparing(TimePosition::createdAt).thenComparing(TimePosition::id);
  private static final String BETWEEN = "_";

  public TimePosition {
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(createdAt, "createdAt");
    Objects.requireNonNull(id, "id");
  }

  public static TimePosition of(Memory memory) {
    Instant occurredAt = memory.occurredAt();
    return new TimePosition(occurredAt == null ? memory.createdAt() : occurredAt, memory.createdAt(), memory.id());
  }

  /**
   * Reads a position as {@link #toString} writes it.
   *
   * @throws InvalidInputException if the text is no position
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static TimePosition parse(String text) {
    String[] parts = text.split(BETWEEN, 4);
    try {
      if (parts.length == 3) {
        TimePosition position = new TimePosition(Instant.parse(parts[0]), Instant.parse(parts[1]),
            MemoryId.parse(parts[2]));
        Texts.requireStorable("the position's time", position.time);
        Texts.requireStorable("the position's time", position.createdAt);
        return position;
      }
    } catch (DateTimeException | InvalidInputException e) {
      throw unreadable(text, e);
    }
    throw unreadable(text, null);
  }

  private static InvalidInputException unreadable(String text, @Nullable Throwable cause) {
    return new InvalidInputException("\"" + Texts.abbreviate(text, 120)
        + "\" is no position in a list by time; take it from the page before", cause);
  }

  @Override
  public int compareTo(TimePosition other) {
    return ORDER.compare(this, other);
  }

  @Override
  @JsonValue
  public String toString() {
    return time + BETWEEN + createdAt + BETWEEN + id;
  }
}
