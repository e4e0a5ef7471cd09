package dev.memlane.orchestrator.exploration;

import dev.memlane.model.StoreException;

/** A failure in the simulation. It has no stack trace, because filling one in would cost more than the run. */
final class SimulatedFailure extends StoreException {

  SimulatedFailure(String message) {
    super(message, null);
  }

  @Override
  @SuppressWarnings("UnsynchronizedOverridesSynchronized") // it does nothing
  public Throwable fillInStackTrace() {
    return this;
  }

  @Override
  public SimulatedFailure copy() {
    return new SimulatedFailure(String.valueOf(getMessage()));
  }
}
