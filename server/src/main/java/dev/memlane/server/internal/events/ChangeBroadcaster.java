package dev.memlane.server.internal.events;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.ChangeCursor;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.ChangePage;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the changes once for all streams, so that a thousand of them cost the database one small query at a time.
 *
 * <p>
 * It polls while there is a stream. Each page goes to every {@link Subscription}. Invariant: a subscription gets every page
 * that is read after it was made, until it is full. A full one drops its pages and is marked; its stream then reads the changes
 * itself. Safe for use by several threads.
 */
final class ChangeBroadcaster implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger("dev.memlane.server");
  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final int LONGEST_PAGE = 1_000;

  private final BlockingMemory memory;

  @GuardedBy("this")
  private final Set<Subscription> subscriptions = new LinkedHashSet<>();

  @GuardedBy("this")
  private @Nullable Thread poller;

  @GuardedBy("this")
  private boolean closed;

  ChangeBroadcaster(BlockingMemory memory) {
    this.memory = memory;
  }

  /** Makes a subscription; it gets what is read from now on. */
  synchronized Subscription subscribe() {
    Subscription subscription = new Subscription();
    if (closed) {
      subscription.end();
      return subscription;
    }
    subscriptions.add(subscription);
    if (poller == null) {
      poller = Thread.ofVirtual().name("memlane-changes").start(this::pollWhileSubscribed);
    }
    return subscription;
  }

  synchronized void unsubscribe(Subscription subscription) {
    subscriptions.remove(subscription);
  }

  private void pollWhileSubscribed() {
    ChangeCursor cursor = null;
    try {
      while (hasSubscriptions()) {
        cursor = poll(cursor);
        Thread.sleep(INTERVAL);
      }
    } catch (InterruptedException e) {
      // Closing interrupts it; there is nothing more to do.
      Thread.currentThread().interrupt();
    }
  }

  /** Reads one page, or begins. A failure makes all streams read by themselves, whose failures their callers see. */
  private @Nullable ChangeCursor poll(@Nullable ChangeCursor cursor) {
    try {
      ChangePage page = memory.changes(cursor, LONGEST_PAGE);
      if (cursor == null) {
        // What was committed before this cursor is for the streams to read.
        missed();
      } else if (!page.changes().isEmpty()) {
        publish(page);
      }
      return page.next();
    } catch (MemlaneException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "the changes can't be read now", e);
      return null;
    }
  }

  private synchronized boolean hasSubscriptions() {
    if (subscriptions.isEmpty() || closed) {
      poller = null;
      return false;
    }
    return true;
  }

  private void publish(ChangePage page) {
    current().forEach(subscription -> subscription.offer(page));
  }

  private void missed() {
    current().forEach(Subscription::missed);
  }

  private synchronized List<Subscription> current() {
    return List.copyOf(subscriptions);
  }

  /** Ends all subscriptions. */
  @Override
  public void close() {
    Thread last;
    synchronized (this) {
      closed = true;
      last = poller;
    }
    current().forEach(Subscription::end);
    if (last != null) {
      last.interrupt();
    }
  }
}
