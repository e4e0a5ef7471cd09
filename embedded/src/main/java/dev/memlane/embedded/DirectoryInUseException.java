package dev.memlane.embedded;

import dev.memlane.model.StoreException;

/** A data directory is already open, in this process or in another one. Nothing in it was touched. */
public final class DirectoryInUseException extends StoreException {

  DirectoryInUseException(String message) {
    super(message, null);
  }
}
