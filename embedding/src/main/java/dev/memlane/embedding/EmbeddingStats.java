package dev.memlane.embedding;

/**
 * What a {@link BatchingEmbedder} has done since it was built, and what it is doing.
 *
 * @param requests how many requests were sent to the model, those sent again included
 * @param embedded how many texts got a vector from the model
 * @param failed how many texts the model, a deadline or the end of the embedder failed
 * @param refused how many texts were turned away because too many were waiting
 * @param hits how many lookups the cache answered
 * @param misses how many lookups began a computation
 * @param coalesced how many lookups joined a computation of the same text that had begun
 * @param waiting how many texts wait for a request now
 * @param inFlight how many requests are in flight now
 * @param cacheBytes about how many bytes the cached vectors take now
 */
public record EmbeddingStats(long requests, long embedded, long failed, long refused, long hits, long misses,
    long coalesced, int waiting, int inFlight, long cacheBytes) {}
