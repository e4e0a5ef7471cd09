package dev.memlane.extraction;

import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A state of a fact, and the time in which it was true.
 *
 * @param version the memory's version
 * @param validUntil when it ceased to be true; null if it has not been superseded
 * @param supersededBy the version that superseded it; null if none has
 */
public record FactVersion(int version, String content, Fact fact, @Nullable Instant validUntil,
    @Nullable Integer supersededBy) {

  public FactVersion {
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(fact, "fact");
  }

  /**
   * Reads the states of a fact from its memory's history. A state that was updated, but not superseded, is true as long as
   * the one that it was updated to.
   *
   * @param memory a memory that is a fact
   * @param history its history, the oldest entry first
   * @return the oldest first; without entries that are no states of a fact
   */
  public static List<FactVersion> of(Memory memory, List<HistoryEntry> history) {
    List<FactVersion> versions = new ArrayList<>();
    Instant until = null;
    Integer by = null;
    for (HistoryEntry entry : history.reversed()) {
      String content = entry.newContent();
      Metadata metadata = entry.newMetadata();
      Optional<Fact> fact = metadata == null ? Optional.empty() : Fact.of(metadata, memory.scope());
      if (content == null || fact.isEmpty()) {
        continue;
      }
      Instant from = fact.get().validFrom();
      Instant end = until != null && until.isBefore(from) ? from : until;
      versions.add(new FactVersion(entry.version(), content, fact.get(), end, by));
      if (fact.get().change() == FactChange.SUPERSEDED) {
        until = from;
        by = entry.version();
      }
    }
    return versions.reversed();
  }
}
