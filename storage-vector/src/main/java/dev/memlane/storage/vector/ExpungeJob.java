package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.IndexWriter;

/**
 * The job that purges removed documents from the index's files.
 *
 * <p>
 * Lucene only marks a removed document. Its words and its vector stay in their segment until that is merged, in the
 * last commit until there is another one, and in unlisted files until no reader uses them. So the job does this, in
 * order: it rewrites every segment with removed documents, commits, which drops the commit before, and releases the
 * older views. A merge that was already running when a document was removed copies it into the new segment. Such merges
 * have ended after the first round, and the second round rewrites their segments. Merges that begin later leave the
 * document out.
 */
final class ExpungeJob {

  private static final int MOST_ROUNDS = 3;

  private final IndexWriter writer;
  private final ConcurrentMergeScheduler merges;
  private final RetainBatcher retains;
  private final Committer committer;
  private final LatestView view;
  private final IndexFailures failures;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(Threads.named("memlane-index-expunge"));
  private final SharedJob rewriting = new SharedJob(thread, this::rewrite);

  ExpungeJob(OpenedIndex opened, Committer committer, IndexFailures failures) {
    this.writer = opened.writer();
    this.merges = (ConcurrentMergeScheduler) opened.writer().getConfig().getMergeScheduler();
    this.retains = opened.retains();
    this.view = opened.view();
    this.committer = committer;
    this.failures = failures;
  }

  /** See {@link LuceneVectorIndex#expunge}. */
  CompletableFuture<Void> request() {
    return rewriting.request().thenCompose(done -> committer.request()).thenCompose(done -> view.renew())
        .thenRunAsync(this::deleteUnused, thread)
        .exceptionallyCompose(failure -> CompletableFuture
            .failedFuture(failures.general("could not purge removed documents", failure)));
  }

  private void rewrite() throws IOException {
    boolean removed = true;
    for (int round = 0; removed && round < MOST_ROUNDS; round++) {
      retains.apply();
      writer.forceMergeDeletes();
      merges.sync();
      removed = writer.hasDeletions();
    }
  }

  private void deleteUnused() {
    try {
      writer.deleteUnusedFiles();
    } catch (IOException e) {
      throw failures.general("could not delete files that it no longer needs", e);
    }
  }

  /** Refuses new requests. A running one ends with the writer. */
  void close() {
    thread.shutdown();
  }
}
