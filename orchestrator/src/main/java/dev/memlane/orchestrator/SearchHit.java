package dev.memlane.orchestrator;

import dev.memlane.model.Memory;

/**
 * A memory that a search found, as core has it.
 *
 * @param score in [0, 1], higher is better; comparable within one search only
 */
public record SearchHit(Memory memory, double score) {}
