package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.lucene.index.IndexWriter;
import org.jspecify.annotations.Nullable;

/**
 * The status of an index: whether it accepts writes and searches, and the reason if it doesn't. Safe for use by several
 * threads.
 */
final class IndexStatus {

  private enum State {
    OPEN,
    /** The accepted writes are still applied; new ones are refused. */
    CLOSING, CLOSED
  }

  private final IndexWriter writer;
  private final IndexFailures failures;
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);

  IndexStatus(IndexWriter writer, IndexFailures failures) {
    this.writer = writer;
    this.failures = failures;
  }

  /** Begins to close; false if that has begun before. */
  boolean beginClosing() {
    return state.compareAndSet(State.OPEN, State.CLOSING);
  }

  /** Ends the time in which accepted writes are still applied. */
  void setClosed() {
    state.set(State.CLOSED);
  }

  /** The reason why accepted writes and searches can't be carried out; null if they can. */
  @Nullable
  StoreException failure() {
    if (state.get() == State.CLOSED) {
      return failures.closed();
    }
    Throwable tragic = writer.getTragicException();
    return tragic == null ? null : failures.tragic(tragic);
  }

  /** The reason why a queue refused a write or a search. */
  StoreException refusal() {
    if (state.get() != State.OPEN) {
      return failures.closed();
    }
    StoreException failure = failure();
    return failure != null ? failure : failures.busy();
  }
}
