package dev.memlane.server.internal.http;

import java.util.Locale;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;

/**
 * The web pages that may send requests. A browser says which page a request comes from. Without this check any page that is
 * open on a machine could write to a server on its loopback address, which may ask for no key. Safe for use by several threads.
 */
public final class PageOrigin {

  private final Set<String> others;

  /** @param others origins, such as {@code https://chat.example.org} in lower case, in addition to the server's own */
  public PageOrigin(Set<String> others) {
    this.others = Set.copyOf(others);
  }

  /** @throws ProblemException if the request comes from a page that may not send it */
  public void require(Request request) {
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    if (origin != null && !others.contains(origin.toLowerCase(Locale.ROOT)) && !isOwn(origin, request)) {
      throw new ProblemException(Problem.of(403, "wrong-origin", "The page may not call this server",
          "web pages of this origin are not let in; the operator sets which are"));
    }
  }

  /** The scheme does not count: a proxy in front may encrypt. Both names leave out the default port. */
  private static boolean isOwn(String origin, Request request) {
    String host = request.getHeaders().get(HttpHeader.HOST);
    int scheme = origin.indexOf("://");
    return host != null && scheme > 0 && origin.substring(scheme + 3).equalsIgnoreCase(host);
  }
}
