package dev.memlane.orchestrator;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A memory found by a search, in core's state.
 *
 * @param score in [0, 1], higher is better; see {@link SearchRequest}
 * @param embedding the memory's vector by the store's model, if it was requested and exists
 * @param explanation how the score came about, if that was requested
 */
public record SearchHit(Memory memory, double score, @Nullable Embedding embedding,
    @Nullable Explanation explanation) {}
