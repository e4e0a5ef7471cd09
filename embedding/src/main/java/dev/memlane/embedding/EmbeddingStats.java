package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointStats;
import java.util.List;

/**
 * The statistics of a {@link BatchingEmbedder} since it was built.
 *
 * @param requests how many requests were sent, including retries
 * @param retries how many of them held texts that had been sent before
 * @param embedded how many texts got a vector from the model
 * @param failed how many texts failed: by the model, a time-out, or closing
 * @param refused how many texts were refused because too many were waiting
 * @param hits how many look-ups the cache answered
 * @param misses how many look-ups queued a text
 * @param coalesced how many look-ups joined a text that was being embedded
 * @param waiting how many texts are waiting for a request; they are not bound to an endpoint yet
 * @param inFlight how many requests are in flight
 * @param capacity how many texts can be in requests at the same time, with the limits known now
 * @param cacheBytes the approximate size of the cached vectors, in bytes
 * @param endpoints each endpoint; one if there is a single embedder
 */
public record EmbeddingStats(long requests, long retries, long embedded, long failed, long refused, long hits,
    long misses, long coalesced, int waiting, int inFlight, int capacity, long cacheBytes,
    List<EndpointStats> endpoints) {

  public EmbeddingStats {
    endpoints = List.copyOf(endpoints);
  }

  /** The share of look-ups that the cache answered, from 0 to 1; 0 before the first. */
  public double hitRate() {
    long lookups = hits + misses + coalesced;
    return lookups == 0 ? 0 : (double) hits / lookups;
  }
}
