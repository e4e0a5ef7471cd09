package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;

/**
 * A memory that the index could not be made to agree about: it is tried again behind, and meanwhile searches miss it.
 *
 * @param problem what was wrong at the last try
 */
public record Unindexed(MemoryId memory, String problem) {}
