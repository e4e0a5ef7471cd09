package dev.memlane.storage.vector;

import dev.memlane.model.DamagedIndexException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.KeepOnlyLastCommitDeletionPolicy;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.NRTCachingDirectory;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an open index that hold files. They are opened together, and all released if one of them can't be
 * opened.
 *
 * @param directory keeps small segments in memory until a commit needs them on disk
 * @param checkpoint the checkpoint of the commit that was opened; null if it has none
 */
record OpenedIndex(Directory directory, IndexWriter writer, RetainBatcher retains, LatestView view,
    @Nullable String checkpoint) {

  /**
   * Well below the size that gets a graph, so that none is built when documents are flushed, however small they are.
   */
  private static final int DOCUMENTS_IN_FLUSH = 15_000;
  private static final double CACHED_SEGMENT_MEGABYTES = 8;
  private static final double CACHED_MEGABYTES = 64;

  static OpenedIndex open(Path path, IndexIdentity identity, Analyzer analyzer, int ramBufferMegabytes,
      int graphThreshold, Duration refreshPatience, UnaryOperator<Directory> wrapper) {
    IndexWriterConfig config = new IndexWriterConfig(analyzer).setOpenMode(IndexWriterConfig.OpenMode.CREATE_OR_APPEND)
        .setIndexDeletionPolicy(new KeepOnlyLastCommitDeletionPolicy())
        .setCodec(new IndexCodec(identity, graphThreshold)).setMergeScheduler(new BackgroundMerges())
        .setMergePolicy(new SegmentMerges(graphThreshold, identity.dimension(),
            identity.storedVectors().bytes(identity.dimension())))
        .setRAMBufferSizeMB(ramBufferMegabytes).setMaxBufferedDocs(DOCUMENTS_IN_FLUSH)
        .setMaxFullFlushMergeWaitMillis(0);
    Directory directory = null;
    IndexWriter writer = null;
    try {
      IndexFolder.create(path);
      directory = wrapper.apply(
          new NRTCachingDirectory(FSDirectory.open(path), CACHED_SEGMENT_MEGABYTES, CACHED_MEGABYTES));
      if (IndexFolder.lacksItsList(directory)) {
        throw new DamagedIndexException("the vector index in " + path + " is damaged (the list of its segments is "
            + "missing); run `memlane reindex`, which rebuilds it from the database: nothing is lost", null);
      }
      boolean fresh = !DirectoryReader.indexExists(directory);
      writer = new IndexWriter(directory, config);
      if (fresh) {
        writer.setLiveCommitData(identity.toUserData().entrySet());
        writer.commit();
      } else {
        identity.requireSame(userData(writer), path);
      }
      RetainBatcher retains = new RetainBatcher(writer);
      return new OpenedIndex(directory, writer, retains, new LatestView(writer, retains, refreshPatience),
          userData(writer).get(IndexIdentity.CHECKPOINT_KEY));
    } catch (IOException | RuntimeException e) {
      RuntimeException failure = new IndexFailures(path).opening(e);
      release(writer == null ? null : writer::rollback, failure);
      release(directory, failure);
      throw failure;
    } catch (Error e) {
      release(writer == null ? null : writer::rollback, e);
      release(directory, e);
      throw e;
    }
  }

  private static Map<String, String> userData(IndexWriter writer) {
    Map<String, String> userData = new HashMap<>();
    Iterable<Map.Entry<String, String>> entries = writer.getLiveCommitData();
    if (entries != null) {
      entries.forEach(entry -> userData.put(entry.getKey(), entry.getValue()));
    }
    return userData;
  }

  private static void release(@Nullable Closeable part, Throwable failure) {
    if (part == null) {
      return;
    }
    try {
      part.close();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
