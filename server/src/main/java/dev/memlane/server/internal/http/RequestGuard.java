package dev.memlane.server.internal.http;

import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * What stands before every handler: it sets the headers that protect browsers, and refuses names of hosts that are not this
 * server's. Otherwise a web page could reach a server on loopback by a name of its own that leads there (DNS rebinding).
 * What no handler answers is reported as not found. Safe for use by several threads.
 */
public final class RequestGuard extends Handler.Wrapper {

  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private final Set<String> hosts;
  private final Json json;

  /**
   * @param hosts names by which the server is called, in addition to those of loopback
   */
  public RequestGuard(Handler handler, Set<String> hosts, Json json) {
    super(handler);
    this.hosts = Stream.concat(LOOPBACK.stream(), hosts.stream()).map(host -> host.toLowerCase(Locale.ROOT))
        .collect(Collectors.toUnmodifiableSet());
    this.json = json;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    HttpFields.Mutable headers = response.getHeaders();
    headers.put("X-Content-Type-Options", "nosniff");
    headers.put("Referrer-Policy", "no-referrer");
    headers.put("Cross-Origin-Resource-Policy", "same-origin");
    headers.put("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    headers.put(HttpHeader.CACHE_CONTROL, "no-store");
    String host = Request.getServerName(request);
    if (host == null || !hosts.contains(host.toLowerCase(Locale.ROOT))) {
      Problems.send(Problem.of(421, "wrong-host", "The host is not this server",
          "this server is called " + String.join(", ", new TreeSet<>(hosts))
              + "; more names are set when it is started"),
          response, callback, json);
      return true;
    }
    if (request.isSecure() && !LOOPBACK.contains(host.toLowerCase(Locale.ROOT))) {
      // Not for loopback, where browsers would ask every other port for TLS as well.
      headers.put("Strict-Transport-Security", "max-age=31536000");
    }
    if (!super.handle(request, response, callback)) {
      Problems.send(Problem.notFound("there is nothing at this path; /openapi.json lists what there is"), response,
          callback, json);
    }
    return true;
  }
}
