package dev.memlane.model;

import java.util.Objects;

/**
 * A scope in which memories are stored, and how many.
 *
 * @param scope exactly as its memories have it
 * @param memories how many live memories are stored in exactly this scope, at least 1
 */
public record ScopeCount(Scope scope, long memories) {

  public ScopeCount {
    Objects.requireNonNull(scope, "scope");
  }
}
