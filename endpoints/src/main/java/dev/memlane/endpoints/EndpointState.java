package dev.memlane.endpoints;

/** Whether an endpoint gets requests. */
public enum EndpointState {

  /** It gets what it can take. */
  SERVING,

  /** It asked to be left alone for a while. */
  PAUSED,

  /** Its circuit breaker is open: it failed too often, and gets one request now and then to see whether it is back. */
  OPEN,

  /** It denied its key. One request in five minutes asks whether that still holds. */
  OUT
}
