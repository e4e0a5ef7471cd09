package dev.memlane.storage.tasks;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** Another process has opened the runner since. This one may write nothing more about its tasks. */
public final class TakenOverException extends StoreException {

  TakenOverException(String runner) {
    this("another process has opened the lanes of the runner \"" + runner + "\", and has its tasks now; the lanes of "
        + "this process are closed: give each process a runner of its own, and start this one again", null);
  }

  private TakenOverException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public TakenOverException copy() {
    return new TakenOverException(String.valueOf(getMessage()), this);
  }
}
