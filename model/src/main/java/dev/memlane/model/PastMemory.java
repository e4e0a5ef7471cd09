package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A memory as it was at some time.
 *
 * @param scope null only if nothing is left of the memory but the log
 * @param details who said it, when that happened and when it was to expire; null if that is no longer known, because the
 * memory was deleted later and no update had ever changed it
 * @param version the version of this state
 * @param op the operation that made this state
 * @param since when this state was made
 */
public record PastMemory(MemoryId id, @Nullable Scope scope, String content, Metadata metadata,
    @Nullable Details details, int version, OperationId op,
    @JsonFormat(shape = JsonFormat.Shape.STRING) Instant since) {

  public PastMemory {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(metadata, "metadata");
    Objects.requireNonNull(op, "op");
    Objects.requireNonNull(since, "since");
  }
}
