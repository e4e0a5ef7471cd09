package dev.memlane.server.internal.http;

import dev.memlane.server.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The routes of a server, as they are collected before it starts. Not safe for use by several threads. */
public final class Routes {

  private final List<Route> routes = new ArrayList<>();

  /** @param query the names of the query parameters that the route knows */
  public Routes get(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("GET", template, needed, false, handler, query);
  }

  /** @param query the names of the query parameters that the route knows */
  public Routes post(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("POST", template, needed, true, handler, query);
  }

  /**
   * A route that takes no body.
   *
   * @param query the names of the query parameters that the route knows
   */
  public Routes postNothing(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("POST", template, needed, false, handler, query);
  }

  /**
   * A route that takes a body although its method usually has none.
   *
   * @param query the names of the query parameters that the route knows
   */
  public Routes deleteWithBody(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("DELETE", template, needed, true, handler, query);
  }

  /** @param query the names of the query parameters that the route knows */
  public Routes put(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("PUT", template, needed, true, handler, query);
  }

  /** @param query the names of the query parameters that the route knows */
  public Routes patch(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("PATCH", template, needed, true, handler, query);
  }

  /** @param query the names of the query parameters that the route knows */
  public Routes delete(String template, @Nullable Role needed, Handler handler, String... query) {
    return add("DELETE", template, needed, false, handler, query);
  }

  private Routes add(String method, String template, @Nullable Role needed, boolean takesBody, Handler handler,
      String... query) {
    routes.add(new Route(method, template, needed, Set.of(query), takesBody, handler));
    return this;
  }

  public List<Route> all() {
    return List.copyOf(routes);
  }
}
