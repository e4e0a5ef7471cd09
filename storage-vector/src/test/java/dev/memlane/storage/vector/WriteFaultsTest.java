package dev.memlane.storage.vector;

import static dev.memlane.testing.TestMemories.changed;
import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.testing.TestMemories;
import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The results of writes that hang, queue up or fail. */
class WriteFaultsTest {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final Scope ADA = Scope.user("ada");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  @TempDir
  private Path folder;

  // Hanging.

  @Test
  void put_thatHangs_isInDoubtAtItsDeadlineAndMayStillLand() throws Exception {
    Gate gate = new Gate();
    try (LuceneVectorIndex index = builder().analyzer(gate).open()) {
      CompletableFuture<StoreResult> put = index.put(document(1, ADA, "hang"), soon());

      assertThat(end(put)).isInstanceOfSatisfying(InDoubt.class,
          inDoubt -> assertThat(inDoubt.cause()).hasMessageContaining(id(1).toString()));

      gate.open();
      end(index.remove(name(1, 99)));
      assertThat(end(index.names(null, 10))).containsExactly(name(1, 1));
      end(index.removeAll(id(1)));
      assertThat(end(index.names(null, 10))).isEmpty();
    }
  }

  @Test
  void put_afterAHangingPut_isWithdrawnAtItsDeadlineAndNeverLands() throws Exception {
    Gate gate = new Gate();
    try (LuceneVectorIndex index = builder().analyzer(gate).open()) {
      Memory memory = memory(1, ADA, "hang");
      CompletableFuture<StoreResult> first = index.put(document(memory), LATER);
      CompletableFuture<StoreResult> second = index.put(document(changed(memory, op(2), "free")), soon());

      assertThat(end(second)).isInstanceOf(NotApplied.class);
      assertThat(first).isNotDone();

      gate.open();
      assertThat(end(first)).isInstanceOf(Applied.class);
      end(index.remove(name(1, 99)));
      assertThat(end(index.names(null, 10))).containsExactly(name(1, 1));
    }
  }

  @Test
  void search_whileAWriteHangs_findsDocumentsVisibleBefore() throws Exception {
    Gate gate = new Gate();
    try (LuceneVectorIndex index = builder().analyzer(gate).open()) {
      end(index.put(document(1, ADA, "free"), LATER));
      assertThat(end(index.names(null, 10))).hasSize(1);
      CompletableFuture<StoreResult> hanging = index.put(document(2, ADA, "hang"), LATER);
      gate.awaitArrival();

      IndexHits hits = end(index.search(new IndexQuery(embedding("x"), null, List.of(), null, 10, false)));

      assertThat(hits.semantic()).hasSize(1);
      gate.open();
      assertThat(end(hanging)).isInstanceOf(Applied.class);
    }
  }

  @Test
  void search_thatNeedsARefreshDuringAHangingWrite_failsInTime() throws Exception {
    Gate gate = new Gate();
    try (LuceneVectorIndex index = builder().analyzer(gate).refreshPatience(Duration.ofMillis(50)).open()) {
      end(index.put(document(1, ADA, "free"), LATER));
      CompletableFuture<StoreResult> hanging = index.put(document(2, ADA, "hang"), LATER);
      gate.awaitArrival();

      for (int i = 0; i < 10; i++) {
        assertRefused(index.names(null, 10), "a write hangs");
      }

      gate.open();
      assertThat(end(hanging)).isInstanceOf(Applied.class);
      // The delayed refresh may still be running.
      List<DocumentName> names = null;
      while (names == null) {
        names = index.names(null, 10).exceptionally(e -> null).get(60, TimeUnit.SECONDS);
      }
      assertThat(names).containsExactly(name(1, 1), name(2, 2));
    }
  }

  @Test
  void write_toAFullQueue_isRefused() throws Exception {
    Gate gate = new Gate();
    try (LuceneVectorIndex index = builder().analyzer(gate).writeThreads(1).queueBound(2).open()) {
      CompletableFuture<StoreResult> hanging = index.put(document(1, ADA, "hang"), LATER);
      gate.awaitArrival();
      CompletableFuture<StoreResult> waiting = index.put(document(2, ADA, "two"), LATER);
      assertThat(end(index.check(name(3, 3), LATER))).isInstanceOf(Applied.class);
      CompletableFuture<Void> lastThatFits = index.retain(name(2, 2));

      assertThat(end(index.put(document(3, ADA, "three"), LATER))).isInstanceOfSatisfying(NotApplied.class,
          refused -> assertThat(refused.cause()).hasMessageContaining("queue is full"));
      assertThat(end(index.check(name(3, 3), LATER))).isInstanceOf(NotApplied.class);
      assertRefused(index.retain(name(3, 3)), "queue is full");
      assertRefused(index.clear(), "queue is full");

      gate.open();
      assertThat(end(hanging)).isInstanceOf(Applied.class);
      assertThat(end(waiting)).isInstanceOf(Applied.class);
      end(lastThatFits);
      assertThat(end(index.names(null, 10))).containsExactly(name(1, 1), name(2, 2));
    }
  }

  @Test
  void clear_queueIsFull_blocksNothing() throws Exception {
    Gate gate = new Gate();
    // Two per thread, because the queue of the thread that doesn't hang may still hold the rest of the refused call.
    try (LuceneVectorIndex index = builder().analyzer(gate).writeThreads(2).queueBound(4).open()) {
      CompletableFuture<StoreResult> hanging = index.put(document(1, ADA, "hang"), LATER);
      gate.awaitArrival();
      CompletableFuture<Void> filling = index.retain(name(1, 1));
      CompletableFuture<Void> last = index.retain(name(1, 1));
      assertRefused(index.clear(), "queue is full");

      gate.open();
      end(hanging);
      end(filling);
      end(last);
      for (int i = 2; i < 10; i++) {
        assertThat(end(index.put(document(i, ADA, "memory " + i), LATER))).isInstanceOf(Applied.class);
      }
      assertThat(end(index.names(null, 10))).hasSize(9);
    }
  }

  @Test
  void close_whileAWriteHangs_withdrawsWaitingWritesAndFails() throws Exception {
    Gate gate = new Gate();
    LuceneVectorIndex index = builder().analyzer(gate).writeThreads(1).closingPatience(Duration.ofMillis(50)).open();
    CompletableFuture<StoreResult> hanging = index.put(document(1, ADA, "hang"), LATER);
    gate.awaitArrival();
    CompletableFuture<StoreResult> waiting = index.put(document(2, ADA, "two"), LATER);
    CompletableFuture<Void> removing = index.removeAll(id(3));

    assertThatThrownBy(index::close).isInstanceOf(StoreException.class).hasMessageContaining(folder.toString());

    assertThat(end(waiting)).isInstanceOf(NotApplied.class);
    assertRefused(removing, "closed");
    gate.open();
    end(hanging);
    reopen().close();
  }

  @Test
  void close_appliesAcceptedWrites() throws Exception {
    Gate gate = new Gate();
    LuceneVectorIndex index = builder().analyzer(gate).writeThreads(1).open();
    CompletableFuture<StoreResult> hanging = index.put(document(1, ADA, "hang"), LATER);
    gate.awaitArrival();
    CompletableFuture<StoreResult> waiting = index.put(document(2, ADA, "two"), LATER);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(index::close);
    CompletableFuture<StoreResult> refused = index.put(document(3, ADA, "three"), LATER);
    gate.open();

    end(closing);
    assertThat(end(hanging)).isInstanceOf(Applied.class);
    assertThat(end(waiting)).isInstanceOf(Applied.class);
    try (LuceneVectorIndex again = builder().open()) {
      assertThat(end(again.names(null, 10))).contains(name(1, 1), name(2, 2))
          .hasSize(end(refused) instanceof Applied ? 3 : 2);
    }
  }

  // Failing.

  @Test
  void put_whenTheDiskIsFull_isNotAppliedAndTheIndexNamesTheReason() throws Exception {
    FullDisk disk = new FullDisk();
    LuceneVectorIndex index = builder().ramBufferMegabytes(1).directory(disk::around).open();
    end(index.put(document(0, ADA, "kept"), LATER));
    end(index.commit());

    disk.full.set(true);
    String text = "word ".repeat(5_000);
    StoreResult result = end(index.put(document(1, ADA, text), LATER));
    int puts = 1;
    while (result instanceof Applied && puts < 10_000) {
      puts++;
      result = end(index.put(document(puts, ADA, text + puts), LATER));
    }

    assertThat(result).isInstanceOfSatisfying(InDoubt.class,
        inDoubt -> assertThat(inDoubt.cause()).hasMessageContaining("No space left"));
    assertThat(end(index.put(document(1, ADA, "more"), LATER))).isInstanceOfSatisfying(NotApplied.class,
        notApplied -> assertThat(notApplied.cause()).isInstanceOf(StoreException.class)
            .hasMessageContaining(folder.toString()).hasMessageContaining("No space left")
            .hasMessageContaining("make room").hasMessageContaining("open it again"));
    assertThat(end(index.check(name(1, 1), LATER))).isInstanceOf(NotApplied.class);
    assertRefused(index.search(new IndexQuery(embedding("x"), null, List.of(), null, 10, false)), "open it again");
    assertRefused(index.names(null, 10), "open it again");
    assertRefused(index.retain(name(1, 1)), "open it again");
    assertRefused(index.clear(), "open it again");
    assertRefused(index.commit(), "open it again");
    assertThatThrownBy(index::summary).isInstanceOf(StoreException.class).hasMessageContaining("open it again");
    index.close();

    disk.full.set(false);
    try (LuceneVectorIndex again = builder().directory(disk::around).open()) {
      assertThat(end(again.names(null, 10))).containsExactly(name(0, 0));
      assertThat(end(again.put(document(1, ADA, "more"), LATER))).isInstanceOf(Applied.class);
    }
  }

  @Test
  void commit_whenTheDiskIsFull_fails_andSucceedsOrStaysRefusedAfterwards() throws Exception {
    FullDisk disk = new FullDisk();
    try (LuceneVectorIndex index = builder().directory(disk::around).open()) {
      end(index.put(document(1, ADA, "one"), LATER));
      disk.unsynced.set(true);

      assertRefused(index.commit(), "No space left");

      disk.unsynced.set(false);
      end(index.commit());
      assertThat(end(index.names(null, 10))).containsExactly(name(1, 1));
    }
    try (LuceneVectorIndex again = builder().open()) {
      assertThat(end(again.names(null, 10))).containsExactly(name(1, 1));
    }
  }

  @Test
  void close_whenTheDiskIsFull_namesTheReason() throws Exception {
    FullDisk disk = new FullDisk();
    LuceneVectorIndex index = builder().directory(disk::around).open();
    end(index.put(document(1, ADA, "one"), LATER));
    disk.full.set(true);

    assertThatThrownBy(index::close).isInstanceOf(StoreException.class).hasMessageContaining("No space left")
        .hasMessageContaining("put again from the database");

    try (LuceneVectorIndex again = builder().open()) {
      assertThat(end(again.names(null, 10))).isEmpty();
    }
  }

  @Test
  void open_whenTheDiskIsFull_namesTheReasonAndReleasesTheFolder() {
    FullDisk disk = new FullDisk();
    disk.full.set(true);

    assertThatThrownBy(() -> builder().directory(disk::around).open()).isInstanceOf(StoreException.class)
        .hasMessageContaining(folder.toString()).hasMessageContaining("make room");

    builder().open().close();
  }

  private LuceneVectorIndexBuilder builder() {
    return LuceneVectorIndex.builder(folder).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION);
  }

  /** Opens the folder as soon as the background work on it has released it. */
  private LuceneVectorIndex reopen() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        return builder().open();
      } catch (StoreException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  private static Instant soon() {
    return Instant.now().plusMillis(100);
  }

  private static DocumentName name(long memory, long op) {
    return new DocumentName(id(memory), op(op));
  }

  /** A bounded wait, because a failing test would otherwise wait forever. */
  private static <T> T end(CompletableFuture<T> future) throws InterruptedException, ExecutionException,
      TimeoutException {
    return future.get(60, TimeUnit.SECONDS);
  }

  private static void assertRefused(CompletableFuture<?> future, String message) {
    assertThatThrownBy(() -> end(future)).hasCauseInstanceOf(StoreException.class).hasMessageContaining(message);
  }

  /** An analyzer that blocks at the text "hang" until it is released, so that a write hangs inside Lucene. */
  private static final class Gate extends Analyzer {

    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);

    void open() {
      opened.countDown();
    }

    void awaitArrival() throws InterruptedException {
      assertThat(arrived.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    protected TokenStreamComponents createComponents(String field) {
      return new TokenStreamComponents(new StandardTokenizer());
    }

    @Override
    protected Reader initReader(String field, Reader text) {
      return new FilterReader(text) {
        @Override
        public int read(char[] buffer, int offset, int length) throws IOException {
          int read = super.read(buffer, offset, length);
          if (read > 0 && new String(buffer, offset, read).equals("hang")) {
            arrived.countDown();
            try {
              opened.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
          return read;
        }
      };
    }
  }

  /** Directories that can be made to fail as on a full disk. */
  private static final class FullDisk {

    /** Whether files can't be written. */
    final AtomicBoolean full = new AtomicBoolean();
    /** Whether files can be written and not be made durable. */
    final AtomicBoolean unsynced = new AtomicBoolean();

    Directory around(Directory directory) {
      return new FilterDirectory(directory) {
        @Override
        public IndexOutput createOutput(String name, IOContext context) throws IOException {
          failIf(full);
          return super.createOutput(name, context);
        }

        @Override
        public void sync(Collection<String> names) throws IOException {
          failIf(full);
          failIf(unsynced);
          super.sync(names);
        }
      };
    }

    private static void failIf(AtomicBoolean failing) throws IOException {
      if (failing.get()) {
        throw new IOException("No space left on device");
      }
    }
  }
}
