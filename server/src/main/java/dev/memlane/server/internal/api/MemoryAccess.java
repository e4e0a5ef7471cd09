package dev.memlane.server.internal.api;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.ScopePage;
import dev.memlane.server.Grant;
import dev.memlane.server.internal.http.Caller;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A memory as one caller may reach it. Every route asks here, so a grant is checked in one place. Safe for use by several
 * threads.
 */
public final class MemoryAccess {

  /** The version of ids that are derived from a scope and a key. */
  private static final int DERIVED = 8;

  private final BlockingMemory memory;
  private final Grant grant;

  public MemoryAccess(BlockingMemory memory, Caller caller) {
    this.memory = memory;
    this.grant = caller.grant();
  }

  /** The memory itself, for scopes and ids that were checked here. */
  public BlockingMemory memory() {
    return memory;
  }

  /**
   * Checks a scope that a request names.
   *
   * @return the scope; the one of the grant if the request names none
   * @throws ProblemException if the grant doesn't cover it, or no scope is named and the grant has several
   */
  public Scope scope(@Nullable Scope named) {
    Scope scope = named == null ? grant.usual() : named;
    if (scope == null) {
      throw new ProblemException(Problem.invalid("the request has no scope; name a user, an agent or a run"));
    }
    if (!grant.covers(scope)) {
      throw outside();
    }
    return scope;
  }

  /**
   * Checks a conversation that a request names. The memory's own message advises callers in Java.
   *
   * @throws InvalidInputException if the scope has no run
   */
  public Scope conversation(@Nullable Scope named) {
    Scope scope = scope(named);
    if (scope.run() == null) {
      throw new InvalidInputException("a conversation is named by a scope with a run, and this one has none; add run "
          + "to the scope");
    }
    return scope;
  }

  /**
   * Checks a scope in which memories are looked for.
   *
   * @return the scope; null for all memories, which only a grant of everything covers
   */
  public @Nullable Scope scopeOrAll(@Nullable Scope named) {
    return named == null && grant instanceof Grant.Everything ? null : scope(named);
  }

  /** Checks the scopes of a search. */
  public List<Scope> scopes(List<Scope> named) {
    return named.stream().map(this::scope).toList();
  }

  /** @throws ProblemException if the grant has a bound */
  public void requireEverything() {
    if (!(grant instanceof Grant.Everything)) {
      throw outside();
    }
  }

  /** Whether a memory is there for the caller. */
  public boolean covers(Memory found) {
    return covers(found.scope());
  }

  /** Whether memories of a scope are there for the caller. */
  public boolean covers(Scope scope) {
    return grant.covers(scope);
  }

  /** Whether all memories are there for the caller. */
  public boolean coversEverything() {
    return grant instanceof Grant.Everything;
  }

  /**
   * Reads a memory.
   *
   * @throws ProblemException if it doesn't exist for the caller
   */
  public Memory require(MemoryId id, Expired expired) {
    return memory.get(id, expired).filter(this::covers)
        .orElseThrow(() -> absent(id));
  }

  /**
   * Checks that a memory, live or deleted, exists for the caller; costs nothing with a grant of everything. A memory's scope
   * never changes, so what is checked here stays true.
   *
   * @throws ProblemException if it doesn't exist for the caller
   */
  public void requireReachable(MemoryId id) {
    if (!(grant instanceof Grant.Everything) && memory.scopeOf(id).filter(grant::covers).isEmpty()) {
      throw absent(id);
    }
  }

  /**
   * Checks that a memory which may never have been stored would belong to the caller. Only random ids can't be guessed; for
   * one that is derived from a key, the caller has to know scope and key.
   *
   * @param named the scope of the memory; null if it has no key
   * @throws ProblemException if it is not the caller's
   */
  public void requireOwn(MemoryId id, @Nullable Scope named, @Nullable String key) {
    if (grant instanceof Grant.Everything) {
      return;
    }
    Optional<Scope> scope = memory.scopeOf(id);
    boolean own = scope.isPresent()
        ? grant.covers(scope.get())
        : id.value().version() != DERIVED || key != null && id.equals(MemoryId.derive(scope(named), key));
    if (!own) {
      throw absent(id);
    }
  }

  /** The scopes that hold memories, as far as the caller reaches them. */
  public ScopePage scopes(@Nullable String prefix, @Nullable Scope after, int limit) {
    return switch (grant) {
      case Grant.Everything everything -> memory.scopes(prefix, after, limit);
      case Grant.Users users -> {
        if (prefix != null && !prefix.startsWith(users.prefix())) {
          throw outside();
        }
        yield memory.scopes(prefix == null ? users.prefix() : prefix, after, limit);
      }
      case Grant.Scopes few -> new ScopePage(few.scopes().stream()
          .filter(scope -> prefix == null || scope.user() != null && scope.user().startsWith(prefix))
          .map(scope -> new ScopeCount(scope, memory.count(scope, null))).filter(count -> count.memories() > 0)
          .toList(), null);
    };
  }

  private static ProblemException absent(MemoryId id) {
    return new ProblemException(Problem.notFound("there is no memory " + id));
  }

  private static ProblemException outside() {
    return new ProblemException(Problem.forbidden("the key does not reach this scope"));
  }
}
