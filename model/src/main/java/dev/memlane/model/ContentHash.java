package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The hash of a memory's searchable text: the first 16 bytes of SHA-256, kept as a UUID because every store has a type
 * for that. A document whose hash differs from the row's was made from another text.
 */
public record ContentHash(UUID value) {

  /** Never updated, only cloned, because looking up a digest takes longer than hashing a memory. */
  private static final MessageDigest EMPTY = digest();

  public static ContentHash of(@Nullable String actor, String content) {
    try {
      MessageDigest digest = (MessageDigest) EMPTY.clone();
      digest.update(Memory.searchableText(actor, content).getBytes(StandardCharsets.UTF_8));
      ByteBuffer hash = ByteBuffer.wrap(digest.digest());
      return new ContentHash(new UUID(hash.getLong(), hash.getLong()));
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the JDK's digests can be cloned", e);
    }
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static ContentHash parse(String text) {
    return new ContentHash(MemoryId.parse(text).value());
  }

  /** The bytes in the form of a UUID. */
  @Override
  @JsonValue
  public String toString() {
    return value.toString();
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
