package dev.memlane.storage.opensearch.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A proxy in front of a node, which does to requests what networks, load balancers and busy nodes do. What it does
 * concerns writes ({@code _bulk}) alone. Safe for use by several threads.
 */
public final class HttpFront implements AutoCloseable {

  /** What happens to a write. */
  public enum Fault {
    /** It is passed on. */
    NONE,
    /** It waits until it is let go. Its client may have gone by then. */
    HOLD,
    /** It is passed on, and the connection is cut in place of the answer. */
    CUT_AFTER,
    /** The connection is cut, and it is not passed on. */
    CUT_BEFORE,
    /** It is answered with a status and a body, and not passed on. */
    ANSWER
  }

  /** What a write has come through. */
  private enum Step {
    ARRIVED, ANSWERED
  }

  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final ServerSocket server;
  private final URI node;
  private final String scheme;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final List<Socket> open = new ArrayList<>();
  @GuardedBy("lock")
  private final List<String> requests = new ArrayList<>();
  @GuardedBy("lock")
  private Fault fault = Fault.NONE;
  @GuardedBy("lock")
  private String answer = "";
  /** How many writes have come through each step. */
  @GuardedBy("lock")
  private final Map<Step, Integer> writes = new EnumMap<>(Step.class);

  /**
   * Starts a proxy on a free port.
   *
   * @param node the address of the node
   */
  public HttpFront(String node) throws IOException {
    this(node, "http", ServerSocketFactory.getDefault());
  }

  /** Starts a proxy that speaks TLS with its clients, and none with the node. */
  public HttpFront(String node, SSLContext context) throws IOException {
    this(node, "https", context.getServerSocketFactory());
  }

  private HttpFront(String node, String scheme, ServerSocketFactory sockets) throws IOException {
    this.node = URI.create(node);
    this.scheme = scheme;
    this.server = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** The address under which the proxy is the node. */
  public String address() {
    return scheme + "://127.0.0.1:" + server.getLocalPort();
  }

  /** Sets what happens to writes from now on. Those that are held go on, unless they are to be held. */
  public void set(Fault fault) {
    lock.lock();
    try {
      this.fault = fault;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Holds writes from now on. */
  public void holdWrites() {
    set(Fault.HOLD);
  }

  /** Passes on the writes that are held, and those to come. */
  public void releaseWrites() {
    set(Fault.NONE);
  }

  /** Answers writes by itself. */
  public void answerWrites(int status, String body) {
    lock.lock();
    try {
      answer = "HTTP/1.1 " + status + " Answer\r\nContent-Type: application/json\r\nContent-Length: "
          + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
      set(Fault.ANSWER);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until so many writes have come here. */
  public void awaitWrites(int count) {
    await(Step.ARRIVED, count);
  }

  /** Waits until the node has answered so many writes. */
  public void awaitAnswered(int count) {
    await(Step.ANSWERED, count);
  }

  private void await(Step step, int count) {
    lock.lock();
    try {
      long left = PATIENCE_NANOS;
      while (writes.getOrDefault(step, 0) < count) {
        if (left <= 0) {
          throw new AssertionError("the requests that were awaited did not come");
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while requests were awaited", e);
    } finally {
      lock.unlock();
    }
  }

  private void count(Step step) {
    lock.lock();
    try {
      writes.merge(step, 1, Integer::sum);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The first lines of all requests so far. */
  public List<String> requests() {
    lock.lock();
    try {
      return List.copyOf(requests);
    } finally {
      lock.unlock();
    }
  }

  private void accept() {
    while (true) {
      try {
        Socket client = server.accept();
        keep(client);
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        // It is closed.
        return;
      }
    }
  }

  private void keep(Socket socket) {
    lock.lock();
    try {
      open.add(socket);
    } finally {
      lock.unlock();
    }
  }

  private void serve(Socket client) {
    try (client; Socket upstream = new Socket(node.getHost(), node.getPort())) {
      keep(upstream);
      InputStream fromClient = client.getInputStream();
      InputStream fromNode = upstream.getInputStream();
      while (true) {
        byte[] request = message(fromClient);
        if (request == null) {
          return;
        }
        byte[] response = answer(request, upstream.getOutputStream(), fromNode);
        if (response == null) {
          return;
        }
        OutputStream toClient = client.getOutputStream();
        toClient.write(response);
        toClient.flush();
      }
    } catch (IOException e) {
      // The client or the node has gone, which ends both connections.
      return;
    }
  }

  private byte @Nullable [] answer(byte[] request, OutputStream toNode, InputStream fromNode) throws IOException {
    String line = new String(request, StandardCharsets.ISO_8859_1).lines().findFirst().orElse("");
    boolean write = line.contains("/_bulk");
    Fault now = arrived(line, write);
    if (write && now == Fault.CUT_BEFORE) {
      return null;
    }
    if (write && now == Fault.ANSWER) {
      lock.lock();
      try {
        return answer.getBytes(StandardCharsets.UTF_8);
      } finally {
        lock.unlock();
      }
    }
    toNode.write(request);
    toNode.flush();
    byte[] response = message(fromNode);
    if (write) {
      count(Step.ANSWERED);
    }
    return write && now == Fault.CUT_AFTER ? null : response;
  }

  private Fault arrived(String line, boolean write) {
    lock.lock();
    try {
      requests.add(line);
      if (write) {
        count(Step.ARRIVED);
        Fault mine = fault;
        while (mine == Fault.HOLD && fault == Fault.HOLD) {
          changed.awaitUninterruptibly();
        }
        return mine == Fault.HOLD ? Fault.NONE : mine;
      }
      return Fault.NONE;
    } finally {
      lock.unlock();
    }
  }

  /** Reads a request or an answer with a length, or in chunks; null at the end of the connection. */
  private static byte @Nullable [] message(InputStream in) throws IOException {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    int length = 0;
    boolean chunked = false;
    String line = line(in, message);
    if (line == null) {
      return null;
    }
    while (line != null && !line.isEmpty()) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring(15).strip());
      }
      chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
      line = line(in, message);
    }
    if (!chunked) {
      message.writeBytes(exactly(in, length));
      return message.toByteArray();
    }
    while (true) {
      String size = line(in, message);
      if (size == null) {
        throw new EOFException();
      }
      int bytes = Integer.parseInt(size.strip(), 16);
      message.writeBytes(exactly(in, bytes + 2));
      if (bytes == 0) {
        return message.toByteArray();
      }
    }
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    return bytes;
  }

  private static @Nullable String line(InputStream in, ByteArrayOutputStream copy) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next >= 0; next = in.read()) {
      copy.write(next);
      if (next == '\n') {
        return line.toString().stripTrailing();
      }
      line.append((char) next);
    }
    return null;
  }

  @Override
  public void close() throws IOException {
    server.close();
    set(Fault.NONE);
    List<Socket> all;
    lock.lock();
    try {
      all = List.copyOf(open);
    } finally {
      lock.unlock();
    }
    for (Socket each : all) {
      each.close();
    }
  }
}
