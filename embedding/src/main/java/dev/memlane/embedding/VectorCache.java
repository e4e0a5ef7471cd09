package dev.memlane.embedding;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.Embedding;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * A cache of one model's recent vectors, bounded by the bytes that they occupy.
 *
 * <p>
 * The key is a SHA-256 of a text, not the text. So an entry's size doesn't depend on the text's length, and no text
 * of an erased memory remains here. Clearing the cache begins a new generation: a vector whose computation began in an
 * earlier one isn't stored. Safe for use by several threads.
 */
final class VectorCache {

  /** The size of an entry without the vector's numbers: key, embedding, array header, and Caffeine's node and table. */
  private static final int ENTRY_BYTES = 220;

  private final Cache<Key, Embedding> cache;

  @GuardedBy("this")
  private long generation;

  VectorCache(long bytes) {
    // Evicting in the calling thread takes microseconds, keeps the bound exact and needs no other pool.
    this.cache = Caffeine.newBuilder().maximumWeight(bytes).weigher(VectorCache::weigh).executor(Runnable::run).build();
  }

  private static int weigh(Key key, Embedding embedding) {
    return ENTRY_BYTES + Float.BYTES * embedding.dimension();
  }

  @Nullable
  Embedding get(Key key) {
    return cache.getIfPresent(key);
  }

  /** How often the cache has been cleared. */
  synchronized long generation() {
    return generation;
  }

  /** Stores a vector, unless the cache was cleared after this generation. */
  synchronized void put(Key key, Embedding embedding, long since) {
    if (since == generation) {
      cache.put(key, embedding);
    }
  }

  synchronized void clear() {
    generation++;
    cache.invalidateAll();
  }

  /** The approximate size of all entries, in bytes. */
  long bytes() {
    return cache.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  /**
   * The SHA-256 of a text's UTF-16 units, which tells damaged texts apart as well, and of a last byte that says whether it
   * is a question.
   */
  record Key(long first, long second, long third, long fourth) {

    static Key of(EmbedderInput input) {
      String text = input.text();
      ByteBuffer units = ByteBuffer.allocate(Character.BYTES * text.length() + 1);
      units.asCharBuffer().put(text);
      units.put(units.capacity() - 1, (byte) (input.question() ? 1 : 0));
      try {
        ByteBuffer hash = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(units.array()));
        return new Key(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}
