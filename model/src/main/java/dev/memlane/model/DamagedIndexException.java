package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** The index's files can't be read. Nothing is lost: a reindex rebuilds them from the database. */
public final class DamagedIndexException extends StoreException {

  public DamagedIndexException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public DamagedIndexException copy() {
    return new DamagedIndexException(String.valueOf(getMessage()), this);
  }
}
