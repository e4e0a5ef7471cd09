package dev.memlane.server.internal.http;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A problem to report to a caller, in the form of RFC 9457.
 *
 * @param status the HTTP status
 * @param type the kind of problem in one word, such as {@code invalid-input}
 * @param title what happened, the same for all problems of the type
 * @param detail what happened here, and what to do
 * @param more further members, such as the outcome of a write
 * @param headers headers of the response, such as {@code Retry-After}
 */
public record Problem(int status, String type, String title, String detail, Map<String, @Nullable Object> more,
    Map<String, String> headers) {

  /** The content type of problems. */
  public static final String CONTENT_TYPE = "application/problem+json";

  public static Problem of(int status, String type, String title, String detail) {
    return new Problem(status, type, title, detail, Map.of(), Map.of());
  }

  public static Problem invalid(String detail) {
    return of(400, "invalid-input", "The request is invalid", detail);
  }

  public static Problem notFound(String detail) {
    return of(404, "not-found", "There is no such thing", detail);
  }

  public static Problem forbidden(String detail) {
    return of(403, "forbidden", "The key does not allow it", detail);
  }

  public static Problem unavailable(String detail) {
    return of(503, "unavailable", "The memory does not answer now", detail).header("Retry-After", "1");
  }

  /** The same problem, with another member. */
  public Problem with(String name, @Nullable Object value) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>(more);
    members.put(name, value);
    return new Problem(status, type, title, detail, members, headers);
  }

  /** The same problem, with another header. */
  public Problem header(String name, String value) {
    Map<String, String> all = new LinkedHashMap<>(headers);
    all.put(name, value);
    return new Problem(status, type, title, detail, more, all);
  }

  /** The members of the problem document. */
  public Map<String, @Nullable Object> document() {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("type", "urn:memlane:problem:" + type);
    document.put("title", title);
    document.put("status", status);
    document.put("detail", detail);
    document.putAll(more);
    return document;
  }
}
