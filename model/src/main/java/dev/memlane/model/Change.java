package dev.memlane.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An update's effect on an optional value of a memory. */
public sealed interface Change<T> {

  /** The value stays. */
  record Keep<T>() implements Change<T> {}

  /** The value becomes this. */
  record Set<T>(T value) implements Change<T> {

    public Set {
      Objects.requireNonNull(value, "value");
    }
  }

  /** The value is removed. */
  record Clear<T>() implements Change<T> {}

  static <T> Change<T> keep() {
    return new Keep<>();
  }

  /** Sets the value, or clears it if it is null. */
  static <T> Change<T> to(@Nullable T value) {
    return value == null ? new Clear<>() : new Set<>(value);
  }

  /** The value after the change. */
  default @Nullable T applyTo(@Nullable T present) {
    return switch (this) {
      case Keep<T> keep -> present;
      case Set<T> set -> set.value();
      case Clear<T> clear -> null;
    };
  }
}
