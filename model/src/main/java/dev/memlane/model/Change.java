package dev.memlane.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What an update does to a value that a memory may have or not. */
public sealed interface Change<T> {

  /** It stays as it is. */
  record Keep<T>() implements Change<T> {}

  /** It is this from then on. */
  record Set<T>(T value) implements Change<T> {

    public Set {
      Objects.requireNonNull(value, "value");
    }
  }

  /** The memory has none from then on. */
  record Clear<T>() implements Change<T> {}

  static <T> Change<T> keep() {
    return new Keep<>();
  }

  /** Sets the value, or clears it if it is null. */
  static <T> Change<T> to(@Nullable T value) {
    return value == null ? new Clear<>() : new Set<>(value);
  }

  /** What the value is after the change. */
  default @Nullable T of(@Nullable T present) {
    return switch (this) {
      case Keep<T> keep -> present;
      case Set<T> set -> set.value();
      case Clear<T> clear -> null;
    };
  }
}
