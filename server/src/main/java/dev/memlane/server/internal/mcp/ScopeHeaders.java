package dev.memlane.server.internal.mcp;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * The headers by which the configuration of a client says whose memory it uses. Values are percent-encoded, so they may
 * have any characters.
 */
final class ScopeHeaders {

  static final String USER = "Memlane-User";
  static final String AGENT = "Memlane-Agent";
  static final String RUN = "Memlane-Run";
  static final String ACTOR = "Memlane-Actor";

  private ScopeHeaders() {}

  static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * The scope that a request names; null if it names none.
   *
   * @throws ProblemException if it is invalid
   */
  static @Nullable Scope scope(Request request) {
    String user = value(request, USER);
    String agent = value(request, AGENT);
    String run = value(request, RUN);
    try {
      return user == null && agent == null && run == null ? null : new Scope(user, agent, run);
    } catch (InvalidInputException e) {
      throw new ProblemException(Problem.invalid(String.valueOf(e.getMessage())));
    }
  }

  /** The actor that a request names; null if it names none. */
  static @Nullable String actor(Request request) {
    return value(request, ACTOR);
  }

  private static @Nullable String value(Request request, String name) {
    String value = request.getHeaders().get(name);
    if (value == null || value.isBlank()) {
      return null;
    }
    try {
      return URLDecoder.decode(value.strip().replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new ProblemException(Problem.invalid("the header " + name + " has an invalid percent-encoding"));
    }
  }
}
