package dev.memlane.server.internal.api;

import dev.memlane.model.MemlaneException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryStatus;
import dev.memlane.orchestrator.Statistics;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The routes for what the server does and whether it can. Safe for use by several threads. */
public final class HealthRoutes {

  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final MemoryOrchestrator memory;
  private final @Nullable Supplier<String> metrics;

  /**
   * @param metrics what monitoring reads; null for no such route
   */
  public HealthRoutes(MemoryOrchestrator memory, @Nullable Supplier<String> metrics) {
    this.memory = memory;
    this.metrics = metrics;
  }

  public void add(Routes routes) {
    routes.get("/health/live", null, exchange -> exchange.respond(200, Map.of("status", "live")));
    routes.get("/health/ready", null, this::ready);
    Supplier<String> scraped = metrics;
    if (scraped != null) {
      routes.get("/metrics", Role.READ, exchange -> scrape(exchange, scraped));
    }
    routes.get("/api/v1/status", Role.ADMIN, this::status);
    routes.get("/api/v1/statistics", Role.ADMIN, this::statistics);
  }

  private void scrape(Exchange exchange, Supplier<String> metrics) {
    requireEverything(exchange);
    exchange.respond(200, PROMETHEUS, metrics.get().getBytes(StandardCharsets.UTF_8));
  }

  private void status(Exchange exchange) {
    requireEverything(exchange);
    exchange.respond(200, memory.blocking().status());
  }

  /** What the process does shows how busy other tenants are. */
  private void requireEverything(Exchange exchange) {
    new MemoryAccess(memory.blocking(), exchange.caller()).requireEverything();
  }

  private void statistics(Exchange exchange) {
    requireEverything(exchange);
    Statistics statistics = memory.blocking().statistics();
    Map<String, @Nullable Object> answer = new LinkedHashMap<>();
    answer.put("memories", statistics.memories());
    answer.put("entries", statistics.entries());
    answer.put("coreBytes", statistics.coreBytes());
    answer.put("historyBytes", statistics.historyBytes());
    answer.put("index", statistics.index());
    answer.put("indexProblem", statistics.indexProblem());
    answer.put("embedding", statistics.embedding());
    answer.put("writesInFlight", statistics.writesInFlight());
    // Operations hold the memories' contents, which have no place here.
    answer.put("unsettled",
        statistics.unsettled().stream()
            .map(operation -> Map.of("id", operation.memory(), "op", operation.op(), "kind", operation.kind()))
            .toList());
    answer.put("unindexed", statistics.unindexed());
    answer.put("background", statistics.background());
    answer.put("modelChange", statistics.modelChange());
    exchange.respond(200, answer);
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
