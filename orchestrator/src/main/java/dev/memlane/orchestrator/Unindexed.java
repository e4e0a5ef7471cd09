package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;

/**
 * A memory that the index could not follow. It is tried again in the background; until then searches miss it.
 *
 * @param problem why the last try failed
 */
public record Unindexed(MemoryId memory, String problem) {}
