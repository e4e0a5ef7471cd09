package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.endpoints.EndpointStats;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The check of a memory's health. It reads one row of the database, and counts nothing there, so it may run every few
 * seconds whatever the size of the memory.
 *
 * <p>
 * The memory is down if its database or its index doesn't answer. Endpoints that fail are among the details and don't
 * take it down: reads go on, and only the next texts find out that an endpoint is back.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class MemoryHealthCheck {

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  /** No memory has this id. */
  private static final MemoryId PROBE = MemoryId.derive(Scope.user("memlane"), "health");

  private final MemoryOrchestrator memory;
  private final Duration patience;

  public MemoryHealthCheck(MemoryOrchestrator memory) {
    this(memory, PATIENCE);
  }

  /** @param patience how long to wait for the database, and for the index */
  MemoryHealthCheck(MemoryOrchestrator memory, Duration patience) {
    this.memory = memory;
    this.patience = patience;
  }

  /** Checks the health, within about ten seconds. Never fails. */
  public MemoryHealth check() {
    Map<String, Object> details = new LinkedHashMap<>();
    boolean database = read("database", memory.history(PROBE, null, 1), details) != null;
    MemoryStatus status = read("index", memory.status(), details);
    if (status == null) {
      return new MemoryHealth(false, details);
    }
    IndexSummary index = status.index();
    if (index == null) {
      details.put("index", "fails: " + status.indexProblem());
    } else {
      details.put("documents", index.documents());
    }
    details.put("unsettled", status.unsettled());
    details.put("unindexed", status.unindexed());
    details.put("writesInFlight", status.writesInFlight());
    details.put("endpoints", endpoints(status));
    Map<String, String> failing = failing(status);
    if (!failing.isEmpty()) {
      details.put("failing", failing);
    }
    return new MemoryHealth(database && index != null, details);
  }

  /** Waits for an answer; null if it fails. Notes which it was. */
  private <T> @Nullable T read(String store, CompletableFuture<T> answer, Map<String, Object> details) {
    try {
      T value = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      details.put(store, "answers");
      return value;
    } catch (ExecutionException e) {
      details.put(store, "fails: " + (e.getCause() == null ? e : e.getCause()).getMessage());
    } catch (TimeoutException e) {
      details.put(store, "doesn't answer within " + patience.toMillis() + " ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      details.put(store, "isn't known, because the check was interrupted");
    }
    return null;
  }

  /** The state of each endpoint, without the provider's messages. */
  private static Map<String, String> endpoints(MemoryStatus status) {
    Map<String, String> states = new LinkedHashMap<>();
    for (EndpointStats endpoint : status.embedding().endpoints()) {
      states.put(endpoint.name(), endpoint.state().name().toLowerCase(Locale.ROOT));
    }
    return states;
  }

  private static Map<String, String> failing(MemoryStatus status) {
    Map<String, String> failing = new LinkedHashMap<>();
    for (BackgroundWork work : status.background()) {
      if (work.isFailing()) {
        failing.put(work.name(), String.valueOf(work.lastProblem()));
      }
    }
    return failing;
  }
}
