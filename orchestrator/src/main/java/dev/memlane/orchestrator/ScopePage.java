package dev.memlane.orchestrator;

import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the scopes that hold memories, in order of scope. Pages stay consistent while others write: a scope that holds
 * memories all the time is listed exactly once.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record ScopePage(List<ScopeCount> scopes, @Nullable Scope next) {

  public ScopePage {
    scopes = List.copyOf(scopes);
  }
}
