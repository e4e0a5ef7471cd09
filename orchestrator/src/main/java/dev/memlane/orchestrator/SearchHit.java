package dev.memlane.orchestrator;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A memory that a search found, as core has it.
 *
 * @param score in [0, 1], higher is better; see {@link SearchRequest}
 * @param embedding its vector by the store's model, if it was asked for and there is one
 * @param explanation how it came to its score, if that was asked for
 */
public record SearchHit(Memory memory, double score, @Nullable Embedding embedding,
    @Nullable Explanation explanation) {}
