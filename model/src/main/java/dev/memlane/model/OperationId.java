package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Objects;
import java.util.UUID;

/**
 * The name of one operation, {@code op} for short: a UUID version 7 that is never used twice. An update or delete may
 * expect the {@code op} that made the state that its caller has read.
 */
public record OperationId(UUID value) {

  public OperationId {
    Objects.requireNonNull(value, "value");
  }

  /**
   * Reads an operation id as {@link #toString} writes it.
   *
   * @throws InvalidInputException if the text is no UUID
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static OperationId parse(String text) {
    return new OperationId(MemoryId.parse(text).value());
  }

  @Override
  @JsonValue
  public String toString() {
    return value.toString();
  }
}
