package dev.memlane.server.internal.api;

import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Routes;

/** The routes for whole scopes. Safe for use by several threads. */
public final class ScopeRoutes {

  private final BlockingMemory memory;

  public ScopeRoutes(BlockingMemory memory) {
    this.memory = memory;
  }

  public void add(Routes routes) {
    routes.delete("/api/v1/scopes", Role.ADMIN, this::erase, "user", "agent", "run");
  }

  /** Erases everything in a scope: memories with their histories, and conversations. */
  private void erase(Exchange exchange) {
    exchange.respond(200, memory.deleteAll(
        new MemoryAccess(memory, exchange.caller()).scope(MemoryRoutes.namedScope(exchange)), null, true));
  }
}
