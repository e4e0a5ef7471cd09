package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.IndexWriter;

/**
 * Makes the files forget removed documents.
 *
 * <p>
 * Lucene only marks a removed document; its words and its vector stay in their segment until that is merged, in the last
 * commit until there is another one, and in files that are gone from the list until nobody reads them. So, in this order:
 * every segment with removed documents is rewritten without them, what is then there is committed, which drops the commit
 * before, and the view from before is let go of. A merge that was under way when a document was removed carries it into
 * the segment that it makes; those have ended after the first round, and the second takes what they made. Merges
 * that begin later leave it out by themselves.
 */
final class Expunges {

  private static final int MOST_ROUNDS = 3;

  private final IndexWriter writer;
  private final ConcurrentMergeScheduler merges;
  private final Retentions retentions;
  private final Commits commits;
  private final LatestView view;
  private final IndexFailures failures;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(Threads.named("memlane-index-expunge"));
  private final SharedJob rewriting = new SharedJob(thread, this::rewrite);

  Expunges(OpenedIndex opened, Commits commits, IndexFailures failures) {
    this.writer = opened.writer();
    this.merges = (ConcurrentMergeScheduler) opened.writer().getConfig().getMergeScheduler();
    this.retentions = opened.retentions();
    this.view = opened.view();
    this.commits = commits;
    this.failures = failures;
  }

  /** See {@link LuceneVectorIndex#expunge}. */
  CompletableFuture<Void> request() {
    return rewriting.request().thenCompose(done -> commits.request()).thenCompose(done -> view.renew())
        .thenRunAsync(this::deleteUnused, thread)
        .exceptionallyCompose(failure -> CompletableFuture
            .failedFuture(failures.general("could not let go of what was removed", failure)));
  }

  private void rewrite() throws IOException {
    boolean removed = true;
    for (int round = 0; removed && round < MOST_ROUNDS; round++) {
      retentions.apply();
      writer.forceMergeDeletes();
      merges.sync();
      removed = writer.hasDeletions();
    }
  }

  private void deleteUnused() {
    try {
      writer.deleteUnusedFiles();
    } catch (IOException e) {
      throw failures.general("could not delete files that it needs no more", e);
    }
  }

  /** Takes no more requests. What is under way ends with the writer. */
  void close() {
    thread.shutdown();
  }
}
