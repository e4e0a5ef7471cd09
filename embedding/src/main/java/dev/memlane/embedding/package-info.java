/**
 * Embedding of texts: the contract of an embedding model, clients of embedding services, and a front that lets many
 * callers share few requests.
 *
 * <p>
 * Enter at {@link dev.memlane.embedding.Embedder} to add a model, and at {@link dev.memlane.embedding.BatchingEmbedder}
 * to embed texts.
 */
@NullMarked
package dev.memlane.embedding;

import org.jspecify.annotations.NullMarked;
