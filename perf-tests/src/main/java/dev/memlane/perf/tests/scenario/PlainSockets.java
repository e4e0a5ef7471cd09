package dev.memlane.perf.tests.scenario;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/**
 * A client that keeps endpoints as full as they allow, with the least work: a socket and a thread for each request in
 * flight. Each thread sends the same bytes again as soon as it has the answer, and does not parse the answer.
 */
final class PlainSockets implements AutoCloseable {

  private static final String LENGTH = "content-length: ";

  private final List<Socket> sockets = new ArrayList<>();
  private final LongAdder answers = new LongAdder();
  private volatile boolean ended;

  /** @param body of each request */
  void keepFull(String url, String key, int inFlight, String body) throws IOException {
    URI uri = URI.create(url);
    byte[] request = ("POST " + uri.getPath() + "/embeddings HTTP/1.1\r\nHost: " + uri.getAuthority()
        + "\r\nAuthorization: Bearer " + key + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
        + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < inFlight; i++) {
      Socket socket = new Socket(uri.getHost(), uri.getPort());
      socket.setTcpNoDelay(true);
      sockets.add(socket);
      Thread.ofVirtual().name("plain-socket").start(() -> send(socket, request));
    }
  }

  private void send(Socket socket, byte[] request) {
    try {
      OutputStream output = socket.getOutputStream();
      InputStream input = new BufferedInputStream(socket.getInputStream());
      while (true) {
        output.write(request);
        output.flush();
        skipAnswer(input);
        answers.increment();
      }
    } catch (IOException e) {
      if (!ended) {
        throw new UncheckedIOException("a plain socket broke", e);
      }
    }
  }

  private static void skipAnswer(InputStream input) throws IOException {
    int length = 0;
    for (String line = line(input); !line.isEmpty(); line = line(input)) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith(LENGTH)) {
        length = Integer.parseInt(lower.substring(LENGTH.length()));
      }
    }
    input.skipNBytes(length);
  }

  /** Reads a line of an answer, without its end. */
  static String line(InputStream input) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int letter = input.read(); letter != '\n'; letter = input.read()) {
      if (letter < 0) {
        throw new IOException("the connection ended");
      }
      if (letter != '\r') {
        line.append((char) letter);
      }
    }
    return line.toString();
  }

  /** Returns how many requests are answered per second, measured for this time. */
  double perSecond(long nanos) throws InterruptedException {
    long before = answers.sum();
    long begun = System.nanoTime();
    Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
    return (answers.sum() - before) / ((System.nanoTime() - begun) / 1e9);
  }

  @Override
  public void close() throws IOException {
    ended = true;
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
