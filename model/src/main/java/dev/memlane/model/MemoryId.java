package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The permanent name of one memory: a UUID, ordered as PostgreSQL orders it (bytewise, unsigned).
 *
 * <p>
 * A memory stored without a key gets a fresh id (version 7, so that ids created one after the other are neighbours). A
 * memory stored under a key gets an id derived from its scope and key, so the same key always names the same memory.
 */
public record MemoryId(UUID value) implements Comparable<MemoryId> {

  public MemoryId {
    Objects.requireNonNull(value, "value");
  }

  /**
   * Reads an id as {@link #toString} writes it.
   *
   * @throws InvalidInputException if the text is no UUID
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static MemoryId parse(String text) {
    try {
      UUID parsed = UUID.fromString(text);
      if (!parsed.toString().equalsIgnoreCase(text)) {
        throw new IllegalArgumentException("abbreviated");
      }
      return new MemoryId(parsed);
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException(
          "\"" + Texts.abbreviate(text, 60)
              + "\" is no memory id; an id looks like 0198c5a2-7c1e-7a50-9d53-0242ac120002",
          e);
    }
  }

  /**
   * Derives the id of the memory that a scope holds under a key: the first 16 bytes of SHA-256 over the four values,
   * each with its length, marked as UUID version 8 (RFC 9562, section 5.8).
   */
  public static MemoryId derive(Scope scope, String key) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    feed(digest, scope.user());
    feed(digest, scope.agent());
    feed(digest, scope.run());
    feed(digest, key);
    ByteBuffer hash = ByteBuffer.wrap(digest.digest());
    long high = (hash.getLong() & 0xffffffffffff0fffL) | 0x8000L;
    long low = (hash.getLong() & 0x3fffffffffffffffL) | 0x8000000000000000L;
    return new MemoryId(new UUID(high, low));
  }

  private static void feed(MessageDigest digest, @Nullable String value) {
    byte[] bytes = value == null ? new byte[0] : value.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(4).putInt(value == null ? -1 : bytes.length).array());
    digest.update(bytes);
  }

  @Override
  public int compareTo(MemoryId other) {
    int high = Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
  }

  @Override
  @JsonValue
  public String toString() {
    return value.toString();
  }
}
