package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import java.io.IOException;
import java.util.TreeMap;
import org.apache.lucene.index.IndexWriter;

/**
 * Removes all documents of a memory but one, for many memories at once.
 *
 * <p>
 * Lucene applies a removal by query to every segment, and for a single memory that costs some tenth of a millisecond,
 * ten times what it costs in a batch that walks a segment's memories in their order. So what is asked for gathers here,
 * and goes to the writer before anybody could see the difference: before the next refresh and the next commit (both
 * call {@link #apply}), and before the next put to one of these memories, whose document is not to be removed.
 */
final class Retentions {

  /** How many gather at most, so that no refresh has to apply more. */
  private static final int MOST = 1_000;

  private final IndexWriter writer;
  /** Guarded by this. */
  private final TreeMap<MemoryId, DocumentName> gathered = new TreeMap<>();

  Retentions(IndexWriter writer) {
    this.writer = writer;
  }

  /** Asks for all other documents of the memory that have been put so far to be removed. */
  synchronized long add(DocumentName kept) throws IOException {
    if (gathered.size() >= MOST || gathered.containsKey(kept.memory())) {
      apply();
    }
    gathered.put(kept.memory(), kept);
    return gathered.size();
  }

  /** Called before a put to the memory, by the thread that alone writes to it. */
  synchronized void beforePut(MemoryId memory) throws IOException {
    if (gathered.containsKey(memory)) {
      apply();
    }
  }

  /** Hands the writer what has gathered. Kept if that fails: to ask twice does no harm. */
  synchronized void apply() throws IOException {
    if (!gathered.isEmpty()) {
      writer.deleteDocuments(new OtherDocuments(gathered));
      gathered.clear();
    }
  }
}
