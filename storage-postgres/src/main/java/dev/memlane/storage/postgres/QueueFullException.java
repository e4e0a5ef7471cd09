package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;

/** The commit queue is full, and no room became free until the unit's deadline. */
public final class QueueFullException extends StoreException {

  QueueFullException(int bound) {
    super("the commit queue holds its limit of " + bound
        + " units because the database is slower than the writers: write less at once, or try again later", null);
  }

  private QueueFullException(QueueFullException shared) {
    super(String.valueOf(shared.getMessage()), shared);
  }

  @Override
  public QueueFullException copy() {
    return new QueueFullException(this);
  }
}
