package dev.memlane.endpoints;

/** Why a request failed, as far as it matters for what to do next. */
public enum Failure {

  /** More was sent than the endpoint takes at present (status 429): it may be sent again, later or elsewhere. */
  BUSY,

  /** The endpoint can't be reached, broke off, answered with nonsense, or failed inside (5xx). */
  UNAVAILABLE,

  /** It accepted the request and didn't answer in time. */
  TIMED_OUT,

  /**
   * It refuses whoever has this key (401, 403) or whose account has no credit left, or isn't what it was taken for (404): no
   * request has a chance there.
   */
  DENIED,

  /** It refuses what it was asked, such as a text that it doesn't take (400, 413, 422): nobody else would take it. */
  REFUSED,

  /** Nobody says. It may as well be the request's fault as the endpoint's. */
  UNKNOWN;

  private static final int TOO_MANY_REQUESTS = 429;
  private static final String OUT_OF_CREDIT = "insufficient_quota";

  /**
   * What an HTTP status other than success means. Of those that blame the client, all but a few concern how the endpoint
   * was set up, such as 404 for a path or a model that isn't there: as with a wrong key, no request has a chance.
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
   * The same, with what the answer said, if that was not for how long to wait. By one word in it OpenAI tells that a 429 is not for
   * now, but until somebody pays ("Error codes"); others use that for a limit as well, and say when it is over.
   */
  public static Failure ofStatus(int status, String said) {
    return status == TOO_MANY_REQUESTS && said.contains(OUT_OF_CREDIT) ? DENIED : ofStatus(status);
  }

  /** Whether the same request may succeed if it is sent again, perhaps to another endpoint. */
  public boolean mayBeRetried() {
    return this != REFUSED && this != UNKNOWN;
  }

  /** Whether it speaks against the endpoint's health. */
  boolean speaksAgainstTheEndpoint() {
    return this == UNAVAILABLE || this == TIMED_OUT;
  }
}
