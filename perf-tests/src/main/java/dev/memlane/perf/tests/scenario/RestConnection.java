package dev.memlane.perf.tests.scenario;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One connection to a server, kept alive, with as little work of its own as possible: it does not parse the bodies of
 * answers. Used by one thread at a time.
 */
final class RestConnection implements AutoCloseable {

  private static final String LENGTH = "content-length: ";

  private final Socket socket;
  private final OutputStream output;
  private final InputStream input;
  private final String headers;

  RestConnection(URI server, String key) throws IOException {
    socket = new Socket(server.getHost(), server.getPort());
    socket.setTcpNoDelay(true);
    output = socket.getOutputStream();
    input = new BufferedInputStream(socket.getInputStream(), 1 << 10);
    headers = " HTTP/1.1\r\nHost: " + server.getAuthority() + "\r\nAuthorization: Bearer " + key + "\r\n";
  }

  /**
   * Posts JSON in ASCII.
   *
   * @throws IOException if the answer has another status than this one
   */
  void post(String path, String body, int expected) throws IOException {
    send("POST " + path + headers + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
        + body);
    String status = PlainSockets.line(input);
    int length = 0;
    for (String line = PlainSockets.line(input); !line.isEmpty(); line = PlainSockets.line(input)) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith(LENGTH)) {
        length = Integer.parseInt(lower.substring(LENGTH.length()));
      }
    }
    input.skipNBytes(length);
    if (!status.startsWith("HTTP/1.1 " + expected)) {
      throw new IOException(path + " was answered with " + status);
    }
  }

  /** Opens a stream of events, and reads it until it has begun. */
  void openEvents() throws IOException {
    send("GET /api/v1/events" + headers + "\r\n");
    String line = PlainSockets.line(input);
    while (!line.equals("event: begin")) {
      line = PlainSockets.line(input);
    }
  }

  private void send(String request) throws IOException {
    output.write(request.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
