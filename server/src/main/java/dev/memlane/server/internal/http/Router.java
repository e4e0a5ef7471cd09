package dev.memlane.server.internal.http;

import dev.memlane.server.Role;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.pathmap.MatchedResource;
import org.eclipse.jetty.http.pathmap.PathMappings;
import org.eclipse.jetty.http.pathmap.UriTemplatePathSpec;
import org.eclipse.jetty.server.Handler.Abstract;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/**
 * Leads each request to the handler of its route, and reports what fails as a problem.
 *
 * <p>
 * In this order: the route, the page that sends it, the caller, the caller's role, the caller's rate, the names of the query's parameters,
 * and that there is no body where none is read. So nothing
 * of a request is read for a caller who may not send it. Safe for use by several threads.
 */
public final class Router extends Abstract {

  /** No page of another server may call: there is no CORS. */
  private final PageOrigin origin = new PageOrigin(Set.of());
  private final Authenticator authenticator;
  private final RateLimiter rates;
  private final Json json;
  private final long longestBody;
  private final PathMappings<Map<String, Route>> byPath = new PathMappings<>();

  /**
   * @param longestBody the longest body of a request that is read as a whole, in bytes
   */
  public Router(List<Route> routes, Authenticator authenticator, RateLimiter rates, Json json, long longestBody) {
    this.authenticator = authenticator;
    this.rates = rates;
    this.json = json;
    this.longestBody = longestBody;
    Map<String, Map<String, Route>> methods = new LinkedHashMap<>();
    for (Route route : routes) {
      Route other = methods.computeIfAbsent(route.template(), path -> new HashMap<>()).put(route.method(), route);
      if (other != null) {
        throw new IllegalArgumentException("two routes for " + route.method() + " " + route.template());
      }
    }
    methods.forEach((template, byMethod) -> byPath.put(new UriTemplatePathSpec(template), byMethod));
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Exchange exchange = new Exchange(request, response, Map.of(), new Fields(), Caller.LOCAL, json, longestBody);
    try {
      Found found = find(request);
      if (found == null) {
        return false;
      }
      origin.require(request);
      Route route = found.route;
      Caller caller = route.needed() == null ? Caller.LOCAL : permitted(request, route.needed());
      exchange = new Exchange(request, response, found.path, query(request, route), caller, json, longestBody);
      if (!route.takesBody()) {
        exchange.requireNoBody();
      }
      route.handler().handle(exchange);
    } catch (Throwable failure) {
      fail(exchange, failure, callback);
      return true;
    }
    finish(exchange, request, response, callback);
    return true;
  }

  private record Found(Route route, Map<String, String> path) {}

  private @Nullable Found find(Request request) {
    // As it was sent: a path with dots in it, or with letters encoded, is no route of this server.
    String path = request.getHttpURI().getPath();
    MatchedResource<Map<String, Route>> match = path == null ? null : byPath.getMatched(path);
    if (match == null) {
      return null;
    }
    Map<String, Route> methods = match.getResource();
    // A client that asks with HEAD gets what GET would respond, without the body.
    Route route = methods.get(request.getMethod().equals("HEAD") ? "GET" : request.getMethod());
    if (route == null) {
      String allowed = new TreeSet<>(methods.keySet()).stream().collect(Collectors.joining(", "));
      throw new ProblemException(Problem.of(405, "method-not-allowed", "The method is not for this path",
          "the methods for this path are " + allowed).header(HttpHeader.ALLOW.asString(), allowed));
    }
    Map<String, String> parameters = new HashMap<>();
    ((UriTemplatePathSpec) match.getPathSpec()).getPathParams(path)
        .forEach((name, value) -> parameters.put(name, decode(value)));
    return new Found(route, parameters);
  }

  private static String decode(String text) {
    try {
      // A plus is a plus in a path.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new ProblemException(Problem.invalid("the path has an invalid percent-encoding"));
    }
  }

  private Caller permitted(Request request, Role needed) {
    Caller caller = authenticator.caller(request);
    rates.permit(caller);
    if (!caller.role().includes(needed)) {
      throw new ProblemException(Problem.forbidden("this needs a key of role " + needed.name().toLowerCase(
          Locale.ROOT) + ", and the role of this one is "
          + caller.role().name().toLowerCase(
              Locale.ROOT)));
    }
    return caller;
  }

  private static Fields query(Request request, Route route) {
    Fields query;
    try {
      query = Request.extractQueryParameters(request, StandardCharsets.UTF_8);
    } catch (RuntimeException e) {
      // Jetty reports bad encodings with exceptions of several types.
      throw new ProblemException(Problem.invalid("the query has an invalid encoding"));
    }
    List<String> unknown = new ArrayList<>(query.getNames());
    unknown.removeAll(route.query());
    if (!unknown.isEmpty()) {
      throw new ProblemException(Problem.invalid("the query has a parameter that this path doesn't know; it knows "
          + (route.query().isEmpty() ? "none" : String.join(", ", new TreeSet<>(route.query())))));
    }
    return query;
  }

  private void finish(Exchange exchange, Request request, Response response, Callback callback) {
    OutputStream stream = exchange.begunStream();
    if (stream != null) {
      try {
        stream.close();
        callback.succeeded();
      } catch (IOException e) {
        callback.failed(e);
      }
      return;
    }
    byte[] body = Objects.requireNonNull(exchange.wholeBody(), "the handler did not respond");
    if (request.getMethod().equals("HEAD")) {
      body = new byte[0];
    }
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  private static void fail(Exchange exchange, Throwable failure, Callback callback) {
    Problem problem = Problems.of(failure);
    if (exchange.response().isCommitted()) {
      // A part was sent already. Breaking the connection is the only way to say that the rest is missing.
      callback.failed(failure);
      return;
    }
    exchange.response().getHeaders().remove(HttpHeader.ETAG);
    exchange.respond(problem);
    exchange.response().write(true, ByteBuffer.wrap(Objects.requireNonNull(exchange.wholeBody())), callback);
  }
}
