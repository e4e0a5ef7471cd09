package dev.memlane.server.internal.mcp;

import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpSchema;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** What stands before the SDK's servlet: it binds each session to the caller that began it. */
final class SessionFilter implements Filter {

  private final McpSessions sessions;
  private final McpJson json;

  SessionFilter(McpSessions sessions, McpJson json) {
    this.sessions = sessions;
    this.json = json;
  }

  @Override
  public void doFilter(ServletRequest plainRequest, ServletResponse plainResponse, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest request = (HttpServletRequest) plainRequest;
    HttpServletResponse response = (HttpServletResponse) plainResponse;
    if (VersionServlet.isStateless(request)) {
      chain.doFilter(request, response);
      return;
    }
    String caller = String.valueOf(request.getAttribute(McpGate.CALLER_ID));
    String session = request.getHeader(HttpHeaders.MCP_SESSION_ID);
    if (session != null && !sessions.isOf(session, caller)) {
      fail(response, HttpServletResponse.SC_NOT_FOUND, "there is no such session; initialize a new one");
      return;
    }
    if (session == null && !sessions.hasRoom(caller)) {
      response.setHeader("Retry-After", "60");
      fail(response, 429, "there are too many sessions; end some, or try again later");
      return;
    }
    chain.doFilter(request, new HttpServletResponseWrapper(response) {
      @Override
      public void setHeader(String name, String value) {
        if (name.equalsIgnoreCase(HttpHeaders.MCP_SESSION_ID)) {
          sessions.begin(value, caller);
        }
        super.setHeader(name, value);
      }

      // The SDK blames itself for every message that it can't read. What fails later is an answer in a stream.
      @Override
      public void setStatus(int status) {
        super.setStatus(status == SC_INTERNAL_SERVER_ERROR ? SC_BAD_REQUEST : status);
      }
    });
    if (session != null && request.getMethod().equals("DELETE")) {
      sessions.end(session);
    }
  }

  private void fail(HttpServletResponse response, int status, String message) throws IOException {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("jsonrpc", McpSchema.JSONRPC_VERSION);
    error.put("error", Map.of("code", McpSchema.ErrorCodes.INVALID_REQUEST, "message", message));
    byte[] body = json.write(error).getBytes(StandardCharsets.UTF_8);
    response.setStatus(status);
    response.setContentType("application/json");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }
}
