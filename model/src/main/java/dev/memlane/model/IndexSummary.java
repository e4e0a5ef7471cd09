package dev.memlane.model;

/**
 * What an index is and holds.
 *
 * @param model the embedding model that it was built with
 * @param dimension the vectors' dimension
 * @param documents how many documents a search sees
 * @param bytes what its committed files take on disk
 */
public record IndexSummary(String model, int dimension, long documents, long bytes) {}
