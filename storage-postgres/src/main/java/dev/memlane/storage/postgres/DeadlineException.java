package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;

/** A unit met its deadline before the database's answer. */
public final class DeadlineException extends StoreException {

  DeadlineException(String message) {
    super(message, null);
  }
}
