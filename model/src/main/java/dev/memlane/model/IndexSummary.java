package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * A summary of an index.
 *
 * @param model the embedding model that it was built with
 * @param dimension the vectors' dimension
 * @param vectors how it stores vectors
 * @param documents the number of documents that a search sees
 * @param segments the number of segments, each of which a search reads
 * @param bytes the size of its committed files
 * @param outdated what a rebuilt index would have that this one lacks; null if nothing
 */
public record IndexSummary(String model, int dimension, VectorType vectors, long documents, int segments, long bytes,
    @Nullable String outdated) {

  /** A summary of an index that lacks nothing, with vectors as floats. */
  public IndexSummary(String model, int dimension, long documents, int segments, long bytes) {
    this(model, dimension, VectorType.FLOAT, documents, segments, bytes, null);
  }
}
