package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** A {@link Reranker} failed, did not answer in time, or gave an invalid answer. */
public final class RerankingException extends MemlaneException {

  public RerankingException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public RerankingException copy() {
    return new RerankingException(String.valueOf(getMessage()), this);
  }
}
