package dev.memlane.embedding;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.memlane.model.Embedding;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * The vectors of one model that were made lately, bounded by the bytes that they take.
 *
 * <p>
 * A text is known by its SHA-256 and not kept: an entry's size doesn't depend on how long the text was, and a memory
 * that has been erased leaves no text behind here. Safe for use by several threads.
 */
final class VectorCache {

  /** What an entry takes besides the vector's numbers: key, embedding, array header, and Caffeine's node and table. */
  private static final int ENTRY_BYTES = 220;

  private final Cache<Key, Embedding> cache;

  VectorCache(long bytes) {
    // Evicting in the calling thread takes microseconds and keeps the bound exact; no other pool is needed for it.
    this.cache = Caffeine.newBuilder().maximumWeight(bytes).weigher(VectorCache::weigh).executor(Runnable::run).build();
  }

  private static int weigh(Key key, Embedding embedding) {
    return ENTRY_BYTES + Float.BYTES * embedding.dimension();
  }

  @Nullable
  Embedding get(Key key) {
    return cache.getIfPresent(key);
  }

  void put(Key key, Embedding embedding) {
    cache.put(key, embedding);
  }

  void clear() {
    cache.invalidateAll();
  }

  /** About how many bytes the entries take. */
  long bytes() {
    return cache.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  /** The SHA-256 of a text's UTF-16 units, so that also damaged texts are told apart. */
  record Key(long first, long second, long third, long fourth) {

    static Key of(String text) {
      ByteBuffer units = ByteBuffer.allocate(Character.BYTES * text.length());
      units.asCharBuffer().put(text);
      try {
        ByteBuffer hash = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(units.array()));
        return new Key(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}
