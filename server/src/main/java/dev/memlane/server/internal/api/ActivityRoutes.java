package dev.memlane.server.internal.api;

import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.RecentActivity;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Routes;
import org.jspecify.annotations.Nullable;

/** The routes for what the dashboard draws: recent writes and searches, and embedding endpoints. Safe for use by several threads. */
public final class ActivityRoutes {

  private final MemoryOrchestrator memory;
  private final @Nullable RecentActivity activity;

  /** @param activity null for no such route */
  public ActivityRoutes(MemoryOrchestrator memory, @Nullable RecentActivity activity) {
    this.memory = memory;
    this.activity = activity;
  }

  public void add(Routes routes) {
    RecentActivity recent = activity;
    if (recent != null) {
      routes.get("/api/v1/metrics-summary", Role.ADMIN, exchange -> exchange.respond(200, recent.summary()));
    }
    routes.get("/api/v1/embedding-endpoints", Role.ADMIN,
        exchange -> exchange.respond(200, memory.blocking().status().embedding()));
  }
}
