package dev.memlane.server.internal.api;

import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.RecentActivity;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Routes;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The routes for what the dashboard draws: recent writes and searches, embedding endpoints, and long work. They are for callers
 * who may reach everything, because they show what all callers do. Safe for use by several threads.
 */
public final class ActivityRoutes {

  private final MemoryOrchestrator memory;
  private final @Nullable RecentActivity activity;
  private final Jobs jobs;

  /** @param activity null for no such route */
  public ActivityRoutes(MemoryOrchestrator memory, @Nullable RecentActivity activity, Jobs jobs) {
    this.memory = memory;
    this.activity = activity;
    this.jobs = jobs;
  }

  public void add(Routes routes) {
    RecentActivity recent = activity;
    if (recent != null) {
      routes.get("/api/v1/metrics-summary", Role.ADMIN, exchange -> respond(exchange, recent.summary()));
    }
    routes.get("/api/v1/embedding-endpoints", Role.ADMIN,
        exchange -> respond(exchange, memory.blocking().status().embedding()));
    routes.get("/api/v1/jobs", Role.ADMIN, exchange -> respond(exchange, Map.of("jobs", jobs.list())));
  }

  private void respond(Exchange exchange, Object answer) {
    new MemoryAccess(memory.blocking(), exchange.caller()).requireEverything();
    exchange.respond(200, answer);
  }
}
