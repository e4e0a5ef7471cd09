package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.MemoryId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint: what a commit of the index records about how far its documents agree with core (rule R16).
 *
 * <p>
 * The documents of a memory agree with core's row, as the log stood at {@code position}, unless the memory was in flight
 * while the commit was made. That holds as long as the database still has everything that it had when the commit was made,
 * which {@code proof} shows.
 *
 * @param holder who leaves the proofs
 * @param proof left in the database before the documents of the commit were fixed
 * @param position a position in the log; see {@code HistoryStore.changes}
 * @param takenAt when the position was taken
 * @param comparedAt when everything was last compared with core
 * @param inFlight the memories whose documents may differ, although the log has no change of them after the position
 */
public record Checkpoint(UUID holder, UUID proof, String position, Instant takenAt, Instant comparedAt,
    Set<MemoryId> inFlight) {

  private static final String VERSION = "1";
  private static final int BYTES_OF_ID = 16;
  private static final int PARTS = 7;

  public Checkpoint {
    inFlight = Set.copyOf(inFlight);
  }

  /** The same checkpoint with other memories in flight. */
  public Checkpoint withInFlight(Set<MemoryId> memories) {
    return new Checkpoint(holder, proof, position, takenAt, comparedAt, memories);
  }

  /** The text form, in seven lines. */
  public String write() {
    ByteBuffer ids = ByteBuffer.allocate(inFlight.size() * BYTES_OF_ID);
    inFlight.forEach(id -> ids.putLong(id.value().getMostSignificantBits())
        .putLong(id.value().getLeastSignificantBits()));
    return String.join("\n", VERSION, holder.toString(), proof.toString(), position,
        Long.toString(takenAt.toEpochMilli()), Long.toString(comparedAt.toEpochMilli()),
        Base64.getEncoder().encodeToString(ids.array()));
  }

  /**
   * Reads the text form.
   *
   * @return empty if there is none, or if another version wrote it
   */
  public static Optional<Checkpoint> read(@Nullable String text) {
    List<String> parts = text == null ? List.of() : List.of(text.split("\n", -1));
    if (parts.size() != PARTS || !parts.getFirst().equals(VERSION)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Checkpoint(UUID.fromString(parts.get(1)), UUID.fromString(parts.get(2)), parts.get(3),
          Instant.ofEpochMilli(Long.parseLong(parts.get(4))), Instant.ofEpochMilli(Long.parseLong(parts.get(5))),
          ids(Base64.getDecoder().decode(parts.get(6)))));
    } catch (IllegalArgumentException e) {
      // Unreadable, so nothing is known, and everything is compared.
      return Optional.empty();
    }
  }

  private static Set<MemoryId> ids(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    Set<MemoryId> ids = new HashSet<>();
    while (buffer.remaining() >= BYTES_OF_ID) {
      ids.add(new MemoryId(new UUID(buffer.getLong(), buffer.getLong())));
    }
    return ids;
  }

  @Override
  public String toString() {
    return "Checkpoint[taken at " + takenAt + ", " + inFlight.size() + " in flight]";
  }
}
