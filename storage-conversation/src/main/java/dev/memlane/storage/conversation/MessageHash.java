package dev.memlane.storage.conversation;

import dev.memlane.model.NewMessage;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * The hash by which messages in the window are compared, so that their payloads need not be read: the first 16 bytes of
 * SHA-256 over format and payload, each with its length. Their characters are hashed as they are in memory, because an
 * encoding would replace unpaired surrogates.
 */
final class MessageHash {

  private static final int CHUNK_CHARACTERS = 4_096;

  private MessageHash() {}

  static UUID of(NewMessage message) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_CHARACTERS * Character.BYTES);
    feed(digest, message.format(), chunk);
    feed(digest, message.payload(), chunk);
    ByteBuffer hash = ByteBuffer.wrap(digest.digest());
    return new UUID(hash.getLong(), hash.getLong());
  }

  private static void feed(MessageDigest digest, String text, ByteBuffer chunk) {
    digest.update(chunk.clear().putInt(text.length()).flip());
    for (int start = 0; start < text.length(); start += CHUNK_CHARACTERS) {
      int end = Math.min(text.length(), start + CHUNK_CHARACTERS);
      chunk.clear().asCharBuffer().put(text, start, end);
      digest.update(chunk.limit((end - start) * Character.BYTES));
    }
  }
}
