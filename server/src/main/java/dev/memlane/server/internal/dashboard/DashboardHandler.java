package dev.memlane.server.internal.dashboard;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Serves the files of the dashboard from the class path, to everybody: they hold no data. Safe for use by several threads.
 */
public final class DashboardHandler extends Handler.Abstract {

  /**
   * What the pages may do: load scripts, styles and images from this server, and call it. Nothing inline runs, so a text that
   * got into a page as markup would do nothing.
   */
  public static final String CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
      + "img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
      + "frame-ancestors 'none'";

  private static final String ROOT = "/dev/memlane/server/dashboard/";
  private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8", "css",
      "text/css; charset=utf-8", "js", "text/javascript; charset=utf-8", "svg", "image/svg+xml");
  /** Plain names in known folders: no path leads out of the dashboard's own. */
  private static final Pattern FILE = Pattern
      .compile("/((?:style/|app/|app/pages/|app/parts/)?[a-z][a-z-]{0,40}\\.(html|css|js|svg))");

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws IOException {
    String method = request.getMethod();
    String path = request.getHttpURI().getCanonicalPath();
    if (path == null || !method.equals("GET") && !method.equals("HEAD")) {
      return false;
    }
    Matcher file = FILE.matcher(path.equals("/") ? "/index.html" : path);
    byte[] content = file.matches() ? read(file.group(1)) : null;
    if (content == null) {
      return false;
    }
    HttpFields.Mutable headers = response.getHeaders();
    headers.put("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    headers.put("Cross-Origin-Opener-Policy", "same-origin");
    headers.put(HttpHeader.CONTENT_TYPE, TYPES.get(file.group(2)));
    headers.put(HttpHeader.CONTENT_LENGTH, content.length);
    response.write(true, method.equals("HEAD") ? null : ByteBuffer.wrap(content), callback);
    return true;
  }

  private static byte @Nullable [] read(String name) throws IOException {
    try (InputStream resource = DashboardHandler.class.getResourceAsStream(ROOT + name)) {
      return resource == null ? null : resource.readAllBytes();
    }
  }
}
