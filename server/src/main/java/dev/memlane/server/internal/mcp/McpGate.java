package dev.memlane.server.internal.mcp;

import dev.memlane.model.Scope;
import dev.memlane.server.McpOptions;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Authenticator;
import dev.memlane.server.internal.http.Caller;
import dev.memlane.server.internal.http.Json;
import dev.memlane.server.internal.http.PageOrigin;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Problems;
import dev.memlane.server.internal.http.RateLimiter;
import java.util.Set;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * What stands before the protocol's endpoint: the origin of a web page, the API key, its rate, and the scope that the client's
 * configuration names, are checked before anything of a message is read. Other paths are left to the next handler. Safe for
 * use by several threads.
 */
final class McpGate extends Handler.Wrapper {

  /** The attribute of a request that has what its API key is counted under. */
  static final String CALLER_ID = "dev.memlane.caller.id";

  private final McpOptions options;
  private final Authenticator authenticator;
  private final RateLimiter rates;
  private final PageOrigin origin;
  private final Json json;

  /**
   * @param origins of web pages, such as {@code https://chat.example.org}, that may call in addition to the server's own
   */
  McpGate(Handler endpoint, McpOptions options, Authenticator authenticator, RateLimiter rates, Set<String> origins,
      Json json) {
    super(endpoint);
    this.options = options;
    this.authenticator = authenticator;
    this.rates = rates;
    this.origin = new PageOrigin(origins);
    this.json = json;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (!McpEndpoint.PATH.equals(request.getHttpURI().getCanonicalPath())) {
      return false;
    }
    try {
      origin.require(request);
      Caller caller = authenticator.caller(request);
      rates.permit(caller);
      request.setAttribute(CALLER_ID, caller.id());
      request.setAttribute(McpFeatures.CALLER, caller(request, caller));
      requireMethod(request);
    } catch (RuntimeException e) {
      Problems.send(Problems.of(e), response, callback, json);
      return true;
    }
    return super.handle(request, response, callback);
  }

  private McpCaller caller(Request request, Caller caller) {
    Scope named = ScopeHeaders.scope(request);
    if (named != null && !caller.grant().covers(named)) {
      throw new ProblemException(Problem.forbidden("the key does not reach this scope"));
    }
    Scope scope = named == null ? usual(caller) : named;
    String actor = ScopeHeaders.actor(request);
    return new McpCaller(scope, actor == null ? options.actor() : actor, options.readOnly() ? Role.READ : caller.role(),
        caller.grant());
  }

  private @Nullable Scope usual(Caller caller) {
    Scope granted = caller.grant().usual();
    Scope configured = options.scope();
    return granted != null || configured == null || !caller.grant().covers(configured) ? granted : configured;
  }

  /** There is nothing that the server says on its own, so a stream for it would only cost a connection. */
  private static void requireMethod(Request request) {
    if (!request.getMethod().equals("POST") && !request.getMethod().equals("DELETE")) {
      throw new ProblemException(Problem.of(405, "method-not-allowed", "The method is not for this path",
          "messages are sent with POST, and a session is ended with DELETE").header("Allow", "DELETE, POST"));
    }
  }
}
