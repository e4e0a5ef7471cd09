package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointStats;
import java.util.List;

/**
 * What a {@link BatchingEmbedder} has done since it was built, and what it is doing.
 *
 * @param requests how many requests were sent, those sent again included
 * @param retries how many of them held texts that had been sent before
 * @param embedded how many texts got a vector from the model
 * @param failed how many texts the model, a deadline or the end of the embedder failed
 * @param refused how many texts were turned away because too many were waiting
 * @param hits how many lookups the cache answered
 * @param misses how many lookups began a computation
 * @param coalesced how many lookups joined a computation of the same text that had begun
 * @param waiting how many texts wait for a request now; they are bound to no endpoint yet
 * @param inFlight how many requests are in flight now
 * @param capacity how many texts may be in requests at the same time, as far as is known now
 * @param cacheBytes about how many bytes the cached vectors take now
 * @param endpoints each endpoint; one if there is a single embedder
 */
public record EmbeddingStats(long requests, long retries, long embedded, long failed, long refused, long hits,
    long misses, long coalesced, int waiting, int inFlight, int capacity, long cacheBytes,
    List<EndpointStats> endpoints) {

  public EmbeddingStats {
    endpoints = List.copyOf(endpoints);
  }

  /** The share of lookups that the cache answered, from 0 to 1; 0 before the first. */
  public double hitRate() {
    long lookups = hits + misses + coalesced;
    return lookups == 0 ? 0 : (double) hits / lookups;
  }
}
