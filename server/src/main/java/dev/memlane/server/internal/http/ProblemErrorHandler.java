package dev.memlane.server.internal.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/**
 * Reports as problem documents what Jetty itself refuses: requests that are no valid HTTP, or come too slowly. Safe for use
 * by several threads.
 */
public final class ProblemErrorHandler extends ErrorHandler {

  private final Json json;

  public ProblemErrorHandler(Json json) {
    this.json = json;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    int reported = Objects.requireNonNullElse((Integer) request.getAttribute(ERROR_STATUS), response.getStatus());
    // An unknown version of HTTP is the client's mistake, like all others of this kind.
    int status = reported == HttpStatus.HTTP_VERSION_NOT_SUPPORTED_505 ? HttpStatus.BAD_REQUEST_400 : reported;
    response.setStatus(status);
    byte[] bytes = document(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
    Content.Sink.write(response, true, StandardCharsets.UTF_8.decode(ByteBuffer.wrap(bytes)).toString(), callback);
    return true;
  }

  private byte[] document(int status) {
    // The reason is not passed on: it may repeat what was sent.
    String reason = HttpStatus.getMessage(status);
    return json.write(Problem.of(status, status >= 500 ? "internal-error" : "bad-request", reason, switch (status) {
      case 408 -> "the request came too slowly; send it at once";
      case 413 -> "the request is too large";
      case 414 -> "the URL is too long";
      case 431 -> "the headers are too long";
      default -> status >= 500 ? "the server could not handle the request" : "the request is no valid HTTP/1.1";
    }).document());
  }
}
