package dev.memlane.orchestrator.internal;

import dev.memlane.model.StoreException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The resources that an opening has opened, closed in the opposite order. Not final, so that a test can make adding fail.
 * Not safe for use by several threads.
 */
public class OpenedResources implements AutoCloseable {

  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  public <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  /** Adds a resource that the caller gave, once the opening has succeeded. It is closed first. */
  public void takeOver(AutoCloseable given) {
    resources.push(given);
  }

  /** Closes everything after a failure. Failures of closing are suppressed onto it. */
  public void closeAfter(Throwable failure) {
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Throwable e) {
        // Errors too: the rest has to be closed all the same, and the failure carries them.
        // A resource may keep the failure and throw it again on closing, which adds nothing.
        if (!failure.equals(e)) {
          failure.addSuppressed(e);
        }
      }
    }
  }

  /**
   * Closes everything.
   *
   * @throws StoreException if a resource could not be closed; all others are closed
   */
  @Override
  public void close() {
    StoreException failure = new StoreException("not everything could be closed cleanly; nothing that was acknowledged "
        + "is lost, the next opening compares the stores", null);
    closeAfter(failure);
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }
}
