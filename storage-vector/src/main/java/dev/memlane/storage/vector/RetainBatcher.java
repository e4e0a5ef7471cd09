package dev.memlane.storage.vector;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import java.io.IOException;
import java.util.TreeMap;
import org.apache.lucene.index.IndexWriter;

/**
 * The batching of retain requests, each of which removes all documents of a memory but one.
 *
 * <p>
 * Lucene applies a removal by query to every segment. For a single memory that costs some tenth of a millisecond, ten
 * times its cost in a batch that walks through a segment's memories in order. So requests gather here, and are applied
 * before the difference could be seen: before the next refresh and the next commit (both call {@link #apply}), and
 * before the next put to one of these memories, whose document must not be removed. Safe for use by several threads.
 */
final class RetainBatcher {

  /** The most requests that gather, which bounds the work of a refresh. */
  private static final int MOST = 1_000;

  private final IndexWriter writer;
  @GuardedBy("this")
  private final TreeMap<MemoryId, DocumentName> gathered = new TreeMap<>();

  RetainBatcher(IndexWriter writer) {
    this.writer = writer;
  }

  /** Requests the removal of all other documents of the memory that have been put so far. */
  synchronized long add(DocumentName kept) throws IOException {
    if (gathered.size() >= MOST || gathered.containsKey(kept.memory())) {
      apply();
    }
    gathered.put(kept.memory(), kept);
    return gathered.size();
  }

  /** Must be called before a put to the memory, by the only thread that writes to it. */
  synchronized void beforePut(MemoryId memory) throws IOException {
    if (gathered.containsKey(memory)) {
      apply();
    }
  }

  /** Whether no request has gathered. */
  synchronized boolean isEmpty() {
    return gathered.isEmpty();
  }

  /** Applies the gathered requests. They are kept if that fails, because applying them twice does no harm. */
  synchronized void apply() throws IOException {
    if (!gathered.isEmpty()) {
      writer.deleteDocuments(new OtherDocumentsQuery(gathered));
      gathered.clear();
    }
  }
}
