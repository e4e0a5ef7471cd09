package dev.memlane.orchestrator;

import dev.memlane.model.StoreException;
import java.util.ArrayDeque;
import java.util.Deque;

/** What has been opened, to be closed in the opposite order; a test may make adding fail. Not safe for use by several threads. */
class OpenedResources implements AutoCloseable {

  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  /** Takes over what was given, once all has succeeded: it is closed first. */
  void takeOver(AutoCloseable given) {
    resources.push(given);
  }

  /** Closes everything after a failure, to which failures of closing are added. */
  void closeAfter(Throwable failure) {
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Throwable e) {
        // Also errors: the rest has to be closed all the same, and the failure carries them.
        // What fails to close with the failure itself, because it keeps it, adds nothing.
        if (!failure.equals(e)) {
          failure.addSuppressed(e);
        }
      }
    }
  }

  /**
   * Closes everything.
   *
   * @throws StoreException if something could not be closed; all the rest is
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
