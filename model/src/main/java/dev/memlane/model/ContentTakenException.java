package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** A write was refused because another memory of its scope has the content already, and the scope holds each content once. */
public final class ContentTakenException extends StoreException {

  public ContentTakenException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public ContentTakenException copy() {
    return new ContentTakenException(String.valueOf(getMessage()), this);
  }
}
