package dev.memlane.server.internal.http;

import dev.memlane.server.Role;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A route of the server.
 *
 * @param template the path, with parameters in braces, each a whole segment: {@code /api/v1/memories/{id}}
 * @param needed the role that a caller needs; null if everybody may call it, without a key
 * @param query the names of the query parameters that it knows; others are refused
 * @param takesBody whether it reads a body; otherwise one that says something is refused
 */
public record Route(String method, String template, @Nullable Role needed, Set<String> query, boolean takesBody,
    Handler handler) {

  public Route {
    query = Set.copyOf(query);
  }
}
