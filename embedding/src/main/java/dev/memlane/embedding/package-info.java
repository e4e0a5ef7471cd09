/**
 * How texts become vectors: the contract that every embedding model is reached through, and what stands in front of it
 * so that many callers share few requests.
 *
 * <p>
 * Enter at {@link dev.memlane.embedding.Embedder} to bring a model, and at
 * {@link dev.memlane.embedding.BatchingEmbedder} to have texts embedded.
 */
@NullMarked
package dev.memlane.embedding;

import org.jspecify.annotations.NullMarked;
