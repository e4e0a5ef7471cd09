package dev.memlane.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a memory's searchable text hashes to: the first 16 bytes of SHA-256, held as a UUID because every store has a
 * type for that. A document whose hash is not the row's was made from another text.
 */
public record ContentHash(UUID value) {

  public static ContentHash of(@Nullable String actor, String content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Memory.searchableText(actor, content).getBytes(StandardCharsets.UTF_8));
      ByteBuffer hash = ByteBuffer.wrap(digest.digest());
      return new ContentHash(new UUID(hash.getLong(), hash.getLong()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
