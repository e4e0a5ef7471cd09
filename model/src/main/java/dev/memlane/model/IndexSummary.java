package dev.memlane.model;

/**
 * A summary of an index.
 *
 * @param model the embedding model that it was built with
 * @param dimension the vectors' dimension
 * @param documents the number of documents that a search sees
 * @param segments the number of segments, each of which a search reads
 * @param bytes the size of its committed files
 */
public record IndexSummary(String model, int dimension, long documents, int segments, long bytes) {}
