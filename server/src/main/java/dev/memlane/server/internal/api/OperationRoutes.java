package dev.memlane.server.internal.api;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Routes;
import java.util.Map;

/** The route by which callers find out what became of a write that was reported as unsettled. Safe for use by several threads. */
public final class OperationRoutes {

  private final BlockingMemory memory;

  public OperationRoutes(BlockingMemory memory) {
    this.memory = memory;
  }

  public void add(Routes routes) {
    // It stops what is still on its way to the memory, so reading is not enough.
    routes.get("/api/v1/operations/{memory}/{op}", Role.WRITE, this::landed, "user", "agent", "run", "key");
  }

  private void landed(Exchange exchange) {
    MemoryId id = MemoryId.parse(exchange.path("memory"));
    OperationId op = OperationId.parse(exchange.path("op"));
    new MemoryAccess(memory, exchange.caller()).requireOwn(id, MemoryRoutes.namedScope(exchange),
        exchange.query("key"));
    exchange.respond(200, Map.of("landed", memory.hasLanded(id, op)));
  }
}
