package dev.memlane.server.internal.mcp;

import io.modelcontextprotocol.spec.HttpHeaders;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;

/** One path for all versions of the protocol: each request says which it speaks. */
final class VersionServlet extends HttpServlet {

  private static final String FIRST_WITHOUT_SESSIONS = "2026-07-28";

  private final transient HttpServlet withSessions;
  private final transient HttpServlet withoutSessions;

  VersionServlet(HttpServlet withSessions, HttpServlet withoutSessions) {
    this.withSessions = withSessions;
    this.withoutSessions = withoutSessions;
  }

  /** Whether a request speaks a version without sessions. Versions are dates. */
  static boolean isStateless(HttpServletRequest request) {
    String version = request.getHeader(HttpHeaders.PROTOCOL_VERSION);
    return version != null && isStateless(version);
  }

  /** Whether a version is one without sessions. */
  static boolean isStateless(String version) {
    return version.compareTo(FIRST_WITHOUT_SESSIONS) >= 0;
  }

  @Override
  public void init(ServletConfig config) throws ServletException {
    super.init(config);
    withSessions.init(config);
    withoutSessions.init(config);
  }

  @Override
  public void service(ServletRequest request, ServletResponse response) throws ServletException, IOException {
    (isStateless((HttpServletRequest) request) ? withoutSessions : withSessions).service(request, response);
  }

  @Override
  public void destroy() {
    withoutSessions.destroy();
    withSessions.destroy();
  }
}
