package dev.memlane.storage.vector;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.Weight;
import org.jspecify.annotations.Nullable;

/**
 * A cache of the parts of large scopes: listing a scope's documents costs a few nanoseconds for each, which adds up
 * from some thousand on. A segment never changes, except that documents are removed from it, so what is cached belongs
 * to the segment and the documents removed from it. Holds the least recently used parts up to a number of bytes. Safe
 * for use by several threads.
 */
final class ScopeCache {

  private static final int LEAST_CACHED = 1_000;

  private final long mostBytes;

  @GuardedBy("this")
  private final Map<Key, ScopeSegment> segments = new LinkedHashMap<>(16, 0.75f, true);

  @GuardedBy("this")
  private long bytes;

  private record Key(IndexReader.CacheKey segment, Query scope) {}

  ScopeCache(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** The documents of a scope in a segment. */
  ScopeSegment of(LeafReaderContext leaf, Query scope, Weight weight) throws IOException {
    // The reader's key, not the segment's: it changes when documents are removed.
    IndexReader.CacheHelper helper = leaf.reader().getReaderCacheHelper();
    if (helper == null || leaf.reader().maxDoc() < LEAST_CACHED) {
      return ScopeSegment.read(leaf, weight);
    }
    Key key = new Key(helper.getKey(), scope);
    ScopeSegment known = get(key);
    if (known != null) {
      return known;
    }
    ScopeSegment read = ScopeSegment.read(leaf, weight);
    if (read.size() >= LEAST_CACHED && read.bytes() <= mostBytes / 2) {
      put(key, read);
    }
    return read;
  }

  private synchronized @Nullable ScopeSegment get(Key key) {
    return segments.get(key);
  }

  private synchronized void put(Key key, ScopeSegment segment) {
    if (segments.putIfAbsent(key, segment) == null) {
      bytes += segment.bytes();
    }
    Iterator<ScopeSegment> oldest = segments.values().iterator();
    while (bytes > mostBytes) {
      bytes -= oldest.next().bytes();
      oldest.remove();
    }
  }
}
