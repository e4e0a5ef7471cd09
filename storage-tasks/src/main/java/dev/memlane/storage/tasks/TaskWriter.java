package dev.memlane.storage.tasks;

import dev.memlane.model.StoreException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * How writes are done: again while the database fails, in the background, and not at all once the runner belongs to another
 * process. Safe for use by several threads.
 */
final class TaskWriter {

  private static final System.Logger LOGGER = System.getLogger(TaskWriter.class.getName());
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final Consumer<TakenOverException> onTakenOver;
  private final Underway background = new Underway();
  private final CountDownLatch stopped = new CountDownLatch(1);

  /** @param onTakenOver is called whenever a write finds that the runner belongs to another process; returns at once */
  TaskWriter(Consumer<TakenOverException> onTakenOver) {
    this.onTakenOver = onTakenOver;
  }

  /** Something that is written down on a thread of its own. */
  interface Writing {
    void run() throws InterruptedException;
  }

  /** Does a write once. */
  <T> T write(Supplier<T> write) {
    try {
      return write.get();
    } catch (TakenOverException e) {
      onTakenOver.accept(e);
      throw e;
    }
  }

  /**
   * Does a write, again and again while the database fails.
   *
   * @throws StoreException if it was stopped before it was done
   */
  <T> T persist(Supplier<T> write) throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        return write(write);
      } catch (TakenOverException e) {
        throw e;
      } catch (StoreException e) {
        LOGGER.log(System.Logger.Level.WARNING, "a task's state could not be written down; it is tried again", e);
        if (awaitStop(pause)) {
          throw e;
        }
        pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
      }
    }
  }

  /**
   * Does something on a thread of its own.
   *
   * @param what it is about, for the log
   * @return false if it is closed, and nothing is done
   */
  boolean inBackground(Writing writing, Supplier<String> what) {
    if (!background.enter()) {
      return false;
    }
    Thread unused = Thread.ofVirtual().name("memlane-lanes-end").start(() -> {
      try {
        writing.run();
      } catch (StoreException e) {
        LOGGER.log(System.Logger.Level.WARNING, "how it ended was not written down: " + what.get(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        background.leave();
      }
    });
    return true;
  }

  /** Begins nothing more in the background, and waits for what is under way there, at most this long. */
  void close(Duration patience) throws InterruptedException {
    background.close(patience);
  }

  /** Ends all repeats. */
  void stop() {
    stopped.countDown();
  }

  /** Waits until it is stopped; returns false if it is not by then. */
  boolean awaitStop(Duration time) throws InterruptedException {
    return stopped.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }
}
