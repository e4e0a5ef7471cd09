package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Remembers conversations in the background while they go on. A chat calls it after each exchange; it never delays the chat, and
 * never makes it fail.
 *
 * <p>
 * A conversation is remembered by one call of a {@link MemoryExtractor} at a time, and by one more if it has gone on meanwhile.
 * Up to {@value #MOST_CONVERSATIONS} conversations are under way; a further one is refused. Neither a refusal nor a failure
 * loses anything: the messages are in the conversation, and the next exchange remembers them as well. The first failure is
 * logged; those after it are counted, until a call succeeds.
 *
 * <p>
 * Close it before the extractor. Safe for use by several threads; only {@link #close} waits.
 */
public final class BackgroundRemembering implements AutoCloseable {

  /** How many conversations may be under way, unless set otherwise. */
  public static final int MOST_CONVERSATIONS = 1_000;

  private static final System.Logger LOGGER = System.getLogger(BackgroundRemembering.class.getName());

  private final MemoryExtractor extractor;
  private final int mostConversations;
  private final Duration grace;

  private final Object lock = new Object();
  /** The conversations under way; true for one that has to be remembered once more. */
  @GuardedBy("lock")
  private final Map<Scope, Boolean> underWay = new HashMap<>();
  @GuardedBy("lock")
  private long succeeded;
  @GuardedBy("lock")
  private long failed;
  @GuardedBy("lock")
  private long refused;
  @GuardedBy("lock")
  private boolean failing;
  @GuardedBy("lock")
  private boolean closed;

  private BackgroundRemembering(MemoryExtractor extractor, int mostConversations, Duration grace) {
    this.extractor = Objects.requireNonNull(extractor, "extractor");
    this.mostConversations = mostConversations;
    this.grace = grace;
  }

  /**
   * Creates an object for {@value #MOST_CONVERSATIONS} conversations, which waits ten seconds when it is closed.
   *
   * @param extractor stays open
   */
  public static BackgroundRemembering of(MemoryExtractor extractor) {
    return of(extractor, MOST_CONVERSATIONS, Duration.ofSeconds(10));
  }

  /**
   * Creates an object with other bounds.
   *
   * @param mostConversations how many conversations may be under way, at least 1
   * @param grace how long closing waits for them; not negative
   * @throws InvalidInputException if one of the bounds is out of its range
   */
  public static BackgroundRemembering of(MemoryExtractor extractor, int mostConversations, Duration grace) {
    if (mostConversations < 1 || grace.isNegative()) {
      throw new InvalidInputException("at least 1 conversation must be allowed, and no negative wait; they are "
          + mostConversations + " and " + grace);
    }
    return new BackgroundRemembering(extractor, mostConversations, grace);
  }

  /**
   * What has been done.
   *
   * @param succeeded calls of the extractor that succeeded
   * @param failed calls of the extractor that failed, and failures that {@link #failed} was given
   * @param refused exchanges that were not followed by a call, because too many conversations were under way, or it was closed
   * @param underWay conversations that are being remembered
   */
  public record Counts(long succeeded, long failed, long refused, int underWay) {}

  public Counts counts() {
    synchronized (lock) {
      return new Counts(succeeded, failed, refused, underWay.size());
    }
  }

  /**
   * Remembers what is new in a conversation, in the background.
   *
   * @param conversation a scope with a run, whose messages are appended
   */
  public void remember(Scope conversation) {
    synchronized (lock) {
      if (closed || underWay.size() >= mostConversations && !underWay.containsKey(conversation)) {
        refused++;
        return;
      }
      if (underWay.put(conversation, underWay.containsKey(conversation)) != null) {
        return;
      }
    }
    start(conversation);
  }

  private void start(Scope conversation) {
    CompletableFuture<RememberReport> report;
    try {
      report = extractor.remember(conversation);
    } catch (RuntimeException e) {
      report = CompletableFuture.failedFuture(e);
    }
    var unused = report.whenComplete((remembered, failure) -> ended(conversation, failure));
  }

  private void ended(Scope conversation, @Nullable Throwable failure) {
    if (failure == null) {
      synchronized (lock) {
        succeeded++;
        failing = false;
      }
    } else {
      failed(failure);
    }
    boolean again;
    synchronized (lock) {
      again = Boolean.TRUE.equals(underWay.remove(conversation));
      if (again) {
        underWay.put(conversation, false);
      }
      lock.notifyAll();
    }
    if (again) {
      start(conversation);
    }
  }

  /** Counts a failure, and logs it if it is the first one, such as of appending the messages of an exchange. */
  public void failed(Throwable failure) {
    boolean first;
    synchronized (lock) {
      failed++;
      first = !failing;
      failing = true;
    }
    if (first) {
      LOGGER.log(System.Logger.Level.WARNING, "a conversation could not be remembered in the background; its next "
          + "exchange tries again. Further failures are counted, and not logged, until one succeeds", failure);
    }
  }

  /**
   * Accepts nothing more, and waits for what is under way, ten seconds at most unless set otherwise. What is not done then ends
   * with the extractor. Does nothing the second time.
   */
  @Override
  public void close() {
    long end = System.nanoTime() + grace.toNanos();
    synchronized (lock) {
      closed = true;
      try {
        for (long left = grace.toNanos(); !underWay.isEmpty() && left > 0; left = end - System.nanoTime()) {
          // Rounded up: zero would wait for ever.
          TimeUnit.NANOSECONDS.timedWait(lock, Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public String toString() {
    return "BackgroundRemembering[" + extractor + "]";
  }
}
