package dev.memlane.server.internal.api;

import dev.memlane.model.MemlaneException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryStatus;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.util.Map;

/** The routes for what the server does and whether it can. Safe for use by several threads. */
public final class HealthRoutes {

  private final MemoryOrchestrator memory;

  public HealthRoutes(MemoryOrchestrator memory) {
    this.memory = memory;
  }

  public void add(Routes routes) {
    routes.get("/health/live", null, exchange -> exchange.respond(200, Map.of("status", "live")));
    routes.get("/health/ready", null, this::ready);
    routes.get("/api/v1/status", Role.ADMIN, exchange -> exchange.respond(200, memory.blocking().status()));
    routes.get("/api/v1/statistics", Role.ADMIN, exchange -> exchange.respond(200, memory.blocking().statistics()));
  }

  private void ready(Exchange exchange) {
    try {
      MemoryStatus status = memory.blocking().status();
      if (status.indexProblem() == null) {
        exchange.respond(200, Map.of("status", "ready"));
        return;
      }
    } catch (MemlaneException e) {
      // The reason is for the log and for callers with a key, not for everybody.
      System.getLogger("dev.memlane.server").log(System.Logger.Level.DEBUG, "not ready", e);
    }
    throw new ProblemException(Problem.unavailable("the memory is not ready; a caller with a key sees why at "
        + "/api/v1/status"));
  }
}
