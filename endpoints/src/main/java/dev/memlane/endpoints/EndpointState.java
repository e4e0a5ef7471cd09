package dev.memlane.endpoints;

/** The state of an endpoint: whether it gets requests. */
public enum EndpointState {

  /** It gets as many requests as it accepts. */
  SERVING,

  /** It asked to be left alone for a while. */
  PAUSED,

  /** Its circuit breaker is open: it failed too often. One request now and then probes whether it works again. */
  OPEN,

  /** It denied its key. One request in five minutes probes whether it still does. */
  OUT
}
