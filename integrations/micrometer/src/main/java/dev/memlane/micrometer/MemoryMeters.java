package dev.memlane.micrometer;

import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.endpoints.EndpointState;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.model.IndexSummary;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryStatus;
import java.time.Duration;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** The gauges and counters of a memory. */
final class MemoryMeters {

  private MemoryMeters() {}

  static void register(Meters meters, MemoryOrchestrator memory) {
    Poll<MemoryStatus> status = meters.poll(memory::status);
    writes(meters, status);
    index(meters, status);
    embedding(meters, status);
    for (EndpointStats endpoint : memory.embeddingStatistics().endpoints()) {
      endpoint(meters, status, endpoint.name());
    }
  }

  private static void writes(Meters meters, Poll<MemoryStatus> status) {
    meters.gauge("memlane.writes.active", "Writes that have begun and not ended", null, status,
        MemoryStatus::writesInFlight);
    meters.gauge("memlane.writes.waiting", "Callers that wait until their write may begin", null, status,
        MemoryStatus::writesWaiting);
    meters.gauge("memlane.writes.unsettled", "Writes that are being settled in the background", null, status,
        MemoryStatus::unsettled);
    meters.gauge("memlane.commit.queue", "Writes that wait in the commit queue", null, status,
        MemoryStatus::unitsWaiting);
    meters.gauge("memlane.background.failing", "Kinds of work in the background whose last attempt failed", null,
        status, each -> each.background().stream().filter(BackgroundWork::isFailing).count());
  }

  private static void index(Meters meters, Poll<MemoryStatus> status) {
    meters.gauge("memlane.index.available", "1 if the index can be read, 0 while it is reopened", null, status,
        each -> each.index() == null ? 0 : 1);
    meters.gauge("memlane.index.unindexed", "Memories that the index could not follow", null, status,
        MemoryStatus::unindexed);
    meters.gauge("memlane.index.documents", "Documents that a search sees", null, status,
        ofIndex(IndexSummary::documents));
    meters.gauge("memlane.index.segments", "Segments that a search reads", null, status,
        ofIndex(IndexSummary::segments));
    meters.gauge("memlane.index.size", "Size of the committed files", "bytes", status, ofIndex(IndexSummary::bytes));
    meters.timeGauge("memlane.index.lag", "Time by which searches may lag behind the writes of other processes", status,
        each -> {
          Duration lag = each.followerLag();
          return lag == null ? 0 : seconds(lag);
        });
  }

  private static ToDoubleFunction<MemoryStatus> ofIndex(ToLongFunction<IndexSummary> value) {
    return status -> {
      IndexSummary index = status.index();
      return index == null ? Double.NaN : value.applyAsLong(index);
    };
  }

  private static void embedding(Meters meters, Poll<MemoryStatus> status) {
    meters.gauge("memlane.embedding.queue", "Texts that wait for a request", null, status,
        of(EmbeddingStats::waiting));
    meters.gauge("memlane.embedding.active", "Requests in flight", null, status, of(EmbeddingStats::inFlight));
    meters.gauge("memlane.embedding.cache.size", "Size of the cached vectors", "bytes", status,
        of(EmbeddingStats::cacheBytes));
    lookups(meters, status, "hit", EmbeddingStats::hits);
    lookups(meters, status, "miss", EmbeddingStats::misses);
    lookups(meters, status, "joined", EmbeddingStats::coalesced);
    texts(meters, status, "embedded", EmbeddingStats::embedded);
    texts(meters, status, "failed", EmbeddingStats::failed);
    texts(meters, status, "refused", EmbeddingStats::refused);
    meters.counter("memlane.embedding.requests", "Requests sent, including retries", status,
        of(EmbeddingStats::requests));
    meters.counter("memlane.embedding.retries", "Requests with texts that had been sent before", status,
        of(EmbeddingStats::retries));
  }

  private static void lookups(Meters meters, Poll<MemoryStatus> status, String result,
      ToLongFunction<EmbeddingStats> value) {
    meters.counter("memlane.embedding.lookups", "Texts looked up: in the cache, queued, or joined to one under way",
        status, of(value), "result", result);
  }

  private static void texts(Meters meters, Poll<MemoryStatus> status, String result,
      ToLongFunction<EmbeddingStats> value) {
    meters.counter("memlane.embedding.texts", "Texts that got a vector or failed", status, of(value), "result",
        result);
  }

  private static ToDoubleFunction<MemoryStatus> of(ToLongFunction<EmbeddingStats> value) {
    return status -> value.applyAsLong(status.embedding());
  }

  private static void endpoint(Meters meters, Poll<MemoryStatus> status, String name) {
    meters.gauge("memlane.endpoint.active", "Requests that the endpoint has now", null, status,
        of(name, EndpointStats::inFlight), "endpoint", name);
    meters.gauge("memlane.endpoint.limit", "Requests that the endpoint may have now", null, status,
        of(name, EndpointStats::limit), "endpoint", name);
    for (EndpointState state : EndpointState.values()) {
      meters.gauge("memlane.endpoint.state", "1 for the endpoint's present state, 0 for the others", null, status,
          of(name, each -> each.state() == state ? 1 : 0), "endpoint", name, "state", Timers.value(state));
    }
    requests(meters, status, name, "succeeded", EndpointStats::succeeded);
    requests(meters, status, name, "busy", EndpointStats::busy);
    requests(meters, status, name, "failed", EndpointStats::failed);
  }

  private static void requests(Meters meters, Poll<MemoryStatus> status, String name, String outcome,
      ToLongFunction<EndpointStats> value) {
    meters.counter("memlane.endpoint.requests", "Requests that the endpoint answered, refused as busy, or failed",
        status, of(name, value), "endpoint", name, "outcome", outcome);
  }

  private static ToDoubleFunction<MemoryStatus> of(String endpoint, ToLongFunction<EndpointStats> value) {
    return status -> status.embedding().endpoints().stream().filter(each -> each.name().equals(endpoint))
        .mapToDouble(value::applyAsLong).findFirst().orElse(Double.NaN);
  }

  static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
