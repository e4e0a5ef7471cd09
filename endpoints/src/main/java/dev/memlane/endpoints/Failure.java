package dev.memlane.endpoints;

/** The kind of a request's failure, which decides what to do next. */
public enum Failure {

  /** The endpoint accepts no more at present (status 429). The request may be sent again, later or elsewhere. */
  BUSY,

  /** The endpoint can't be reached, broke the connection, sent an unusable answer, or failed internally (5xx). */
  UNAVAILABLE,

  /** The endpoint accepted the request and didn't answer in time. */
  TIMED_OUT,

  /**
   * The endpoint refuses the key (401, 403), the account has no credit left, or the address is wrong (404). No request
   * can succeed there.
   */
  DENIED,

  /** The endpoint refuses this request, such as a text that is too long (400, 413, 422). Other endpoints would too. */
  REFUSED,

  /** The cause is unknown. It may be the request's fault or the endpoint's. */
  UNKNOWN;

  private static final int TOO_MANY_REQUESTS = 429;
  private static final String OUT_OF_CREDIT = "insufficient_quota";

  /**
   * The kind of failure that an HTTP status means. Most client errors concern the endpoint's configuration, such as 404
   * for a path or a model that doesn't exist. As with a wrong key, no request can succeed then.
   */
  public static Failure ofStatus(int status) {
    return switch (status) {
      case TOO_MANY_REQUESTS -> BUSY;
      case 400, 413, 422 -> REFUSED;
      case 408, 409, 425 -> UNAVAILABLE;
      default -> status >= 400 && status < 500 ? DENIED : UNAVAILABLE;
    };
  }

  /**
   * The kind of failure that an HTTP status and the answer's text mean, for an answer that doesn't say how long to
   * wait. With {@code insufficient_quota} in a 429, OpenAI says that the account needs credit ("Error codes"). Other
   * providers use that word for a rate limit as well, but then say when it ends.
   */
  public static Failure ofStatus(int status, String said) {
    return status == TOO_MANY_REQUESTS && said.contains(OUT_OF_CREDIT) ? DENIED : ofStatus(status);
  }

  /** Whether the same request may succeed if it is sent again, to this endpoint or another. */
  public boolean isRetryable() {
    return this != REFUSED && this != UNKNOWN;
  }
}
