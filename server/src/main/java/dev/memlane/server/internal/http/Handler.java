package dev.memlane.server.internal.http;

/** The code for one route. It runs on a virtual thread and may block. */
@FunctionalInterface
public interface Handler {

  /**
   * Answers a request.
   *
   * @throws Exception what failed; the router reports it as a problem
   */
  void handle(Exchange exchange) throws Exception;
}
