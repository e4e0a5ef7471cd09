package dev.memlane.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A wire between a driver and a PostgreSQL server that breaks where a test asks for it.
 *
 * <p>
 * It speaks the frontend protocol far enough to know what passes: what the driver sends up to a Sync (or one simple
 * query) is a request, and a request has the statements that it executes. A fault waits for the next request that has
 * a given statement, strikes once, and strikes at a point that is exact: the server has not seen the request, has
 * executed it without its Sync, is just executing it, or has answered it in full.
 *
 * <p>
 * While nothing is asked for, everything passes. Without encryption. Safe for use by several threads.
 */
public final class FaultyWire implements AutoCloseable {

  /** What happens to a request, and thereby to the transaction in it. */
  public enum Fault {
    /** The connection breaks, and the request never reaches the server. */
    CUT_REQUEST,
    /** The server executes the statements, and the connection breaks instead of the Sync that would commit them. */
    CUT_SYNC,
    /** The request reaches the server whole, and the connection breaks at once. */
    CUT_BEHIND_REQUEST,
    /** The server executes the request to its end, and the connection breaks instead of bringing the answer. */
    CUT_ANSWER,
    /** The request stays on the wire until {@link FaultyWire#release}. */
    HOLD_REQUEST,
    /** The answer stays on the wire until {@link FaultyWire#release}. */
    HOLD_ANSWER
  }

  private static final int MOST_REMEMBERED = 1_000;

  // Guarded by this.
  private final Deque<List<String>> requests = new ArrayDeque<>();

  /** A fault that waits for its request. */
  private record Armed(Fault fault, String statement, CompletableFuture<Void> struck) {}

  private static final Pattern ADDRESS = Pattern.compile("jdbc:postgresql://([^:/]+):(\\d+)/(.*)");

  private final String jdbcUrl;
  private final InetSocketAddress server;
  private final Set<Passage> passages = ConcurrentHashMap.newKeySet();

  // Guarded by this.
  private final List<Armed> armed = new ArrayList<>();
  private ServerSocket listener;
  private CountDownLatch released = new CountDownLatch(1);
  private boolean silent;

  private FaultyWire(InetSocketAddress server, String rest) {
    this.server = server;
    this.listener = listen(0);
    this.jdbcUrl = "jdbc:postgresql://localhost:" + listener.getLocalPort() + "/" + rest
        + (rest.contains("?") ? "&" : "?") + "sslmode=disable&gssEncMode=disable";
  }

  /**
   * A wire to that server.
   *
   * @param jdbcUrl with host and port
   */
  public static FaultyWire to(String jdbcUrl) {
    Matcher address = ADDRESS.matcher(jdbcUrl);
    if (!address.matches()) {
      throw new IllegalArgumentException("no host, port and database in " + jdbcUrl);
    }
    return new FaultyWire(new InetSocketAddress(address.group(1), Integer.parseInt(address.group(2))),
        address.group(3));
  }

  /** The address by which the database is reached over this wire. */
  public String jdbcUrl() {
    return jdbcUrl;
  }

  /**
   * Arms a fault for the next request that has such a statement.
   *
   * @param statement a part of its text, in whatever case
   * @return ends when the fault has struck: the connection is cut, or the request or its answer is being held
   */
  public synchronized CompletableFuture<Void> next(Fault fault, String statement) {
    Armed waiting = new Armed(fault, statement.toLowerCase(Locale.ROOT), new CompletableFuture<>());
    armed.add(waiting);
    return waiting.struck;
  }

  /**
   * What went over the wire since this was asked last: each request's statements, in small letters. A request is what the
   * client waits for an answer to, and one transaction unless it is within another.
   */
  public synchronized List<List<String>> takeRequests() {
    List<List<String>> taken = List.copyOf(requests);
    requests.clear();
    return taken;
  }

  private synchronized void remember(List<String> executed) {
    requests.add(List.copyOf(executed));
    if (requests.size() > MOST_REMEMBERED) {
      requests.removeFirst();
    }
  }

  /** Cuts all connections, now. */
  public void cut() {
    passages.forEach(Passage::cut);
  }

  /** Refuses new connections, as if no server ran. */
  public synchronized void refuse() {
    close(listener);
  }

  /** Takes new connections and never answers on them, as if the server had no power left, until {@link #release}. */
  public synchronized void silence() {
    silent = true;
  }

  /** Lets through what is held, takes connections again and answers on them. */
  public synchronized void release() {
    silent = false;
    released.countDown();
    released = new CountDownLatch(1);
    if (listener.isClosed()) {
      listener = listen(listener.getLocalPort());
    }
  }

  /** Cuts all connections and takes no more. */
  @Override
  public void close() {
    refuse();
    cut();
    synchronized (this) {
      released.countDown();
    }
  }

  private synchronized @Nullable Armed strike(List<String> statements) {
    for (Armed waiting : armed) {
      if (statements.stream().anyMatch(statement -> statement.contains(waiting.statement))) {
        armed.remove(waiting);
        return waiting;
      }
    }
    return null;
  }

  private synchronized CountDownLatch held() {
    return released;
  }

  private synchronized @Nullable CountDownLatch heldIfSilent() {
    return silent ? released : null;
  }

  private ServerSocket listen(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getByName("localhost"), port));
      daemon("faulty-wire", () -> acceptAll(socket));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException("no wire on port " + port, e);
    }
  }

  private void acceptAll(ServerSocket socket) {
    while (true) {
      Socket client;
      try {
        client = socket.accept();
      } catch (IOException e) {
        // The listener was closed, by refuse or close: its thread ends.
        return;
      }
      if (socket.isClosed()) {
        // It came in while the listener was being closed.
        close(client);
        return;
      }
      daemon("faulty-wire-connection", () -> pass(client));
    }
  }

  private void pass(Socket client) {
    try {
      CountDownLatch silence = heldIfSilent();
      if (silence != null) {
        silence.await();
      }
      Passage passage = new Passage(client, new Socket(server.getHostString(), server.getPort()));
      passages.add(passage);
      daemon("faulty-wire-answers", passage::passAnswers);
      passage.passRequests();
    } catch (IOException e) {
      // The server takes no connection: so does the wire.
      close(client);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void daemon(String name, Runnable task) {
    Thread.ofPlatform().daemon().name(name).start(task);
  }

  private static void close(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      throw new IllegalStateException("a socket could not be closed", e);
    }
  }

  /** One connection. */
  private final class Passage {

    /** What stands in the way of the answers, from the time when the request is sent on. */
    private record Obstacle(Armed armed, CountDownLatch until) {}

    private final Socket client;
    private final Socket server;
    private final Map<String, String> statements = new HashMap<>();
    private final Map<String, String> portals = new HashMap<>();
    private volatile @Nullable Obstacle obstacle;

    Passage(Socket client, Socket server) throws IOException {
      this.client = client;
      this.server = server;
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    }

    void cut() {
      passages.remove(this);
      close(client);
      close(server);
    }

    void passRequests() throws InterruptedException {
      try (DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream()))) {
        OutputStream out = server.getOutputStream();
        // The first message has no type.
        out.write(message(in, -1));
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        List<String> executed = new ArrayList<>();
        for (int type = in.read(); type >= 0; type = in.read()) {
          byte[] message = message(in, type);
          note(type, message, executed);
          if (type == 'S' || type == 'Q') {
            send(out, request, message, executed);
            request.reset();
            executed.clear();
          } else if (type == 'p' || type == 'X' || type == 'F') {
            // What stands outside of requests: a password, the good-bye.
            out.write(message);
          } else {
            request.write(message);
          }
        }
      } catch (IOException e) {
        // One side has hung up, or the wire was cut: so does the other.
      } finally {
        cut();
      }
    }

    private void send(OutputStream out, ByteArrayOutputStream request, byte[] last, List<String> executed)
        throws IOException, InterruptedException {
      remember(executed);
      Armed fault = strike(executed);
      if (fault == null) {
        request.writeTo(out);
        out.write(last);
        return;
      }
      switch (fault.fault) {
        case CUT_REQUEST -> cut(fault);
        case CUT_SYNC -> {
          request.writeTo(out);
          cut(fault);
        }
        case CUT_BEHIND_REQUEST -> {
          // A fast answer must not slip through before the cut.
          obstacle = new Obstacle(fault, held());
          request.writeTo(out);
          out.write(last);
          cut(fault);
        }
        case CUT_ANSWER, HOLD_ANSWER -> {
          obstacle = new Obstacle(fault, held());
          request.writeTo(out);
          out.write(last);
        }
        case HOLD_REQUEST -> {
          CountDownLatch until = held();
          fault.struck.complete(null);
          until.await();
          request.writeTo(out);
          out.write(last);
        }
      }
    }

    private void cut(Armed fault) {
      cut();
      fault.struck.complete(null);
    }

    void passAnswers() {
      try (DataInputStream in = new DataInputStream(new BufferedInputStream(server.getInputStream()))) {
        OutputStream out = client.getOutputStream();
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        for (int type = in.read(); type >= 0; type = in.read()) {
          byte[] message = message(in, type);
          Obstacle inTheWay = obstacle;
          if (inTheWay == null) {
            out.write(message);
          } else if (type != 'Z') {
            kept.write(message);
          } else {
            kept.write(message);
            if (inTheWay.armed.fault != Fault.HOLD_ANSWER) {
              cut(inTheWay.armed);
              return;
            }
            inTheWay.armed.struck.complete(null);
            inTheWay.until.await();
            obstacle = null;
            kept.writeTo(out);
            kept.reset();
          }
        }
      } catch (IOException e) {
        // One side has hung up, or the wire was cut: so does the other.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        cut();
      }
    }

    /** Remembers what is prepared and bound, and collects what is executed. */
    private void note(int type, byte[] message, List<String> executed) {
      switch (type) {
        case 'Q' -> executed.add(text(message, 5).toLowerCase(Locale.ROOT));
        case 'P' -> {
          String name = text(message, 5);
          statements.put(name, text(message, 5 + bytes(name) + 1).toLowerCase(Locale.ROOT));
        }
        case 'B' -> {
          String portal = text(message, 5);
          portals.put(portal, statements.getOrDefault(text(message, 5 + bytes(portal) + 1), ""));
        }
        case 'E' -> executed.add(portals.getOrDefault(text(message, 5), ""));
        default -> {
          // Describe, Close, Flush and their like execute nothing.
        }
      }
    }

    private static int bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String text(byte[] message, int start) {
      int end = start;
      while (message[end] != 0) {
        end++;
      }
      return new String(message, start, end - start, StandardCharsets.UTF_8);
    }

    /** The whole message: its type, unless it has none, its length and its body. */
    private static byte[] message(DataInputStream in, int type) throws IOException {
      int length = in.readInt();
      int head = type < 0 ? 4 : 5;
      byte[] message = new byte[head + length - 4];
      if (type >= 0) {
        message[0] = (byte) type;
      }
      for (int i = 0; i < 4; i++) {
        message[head - 4 + i] = (byte) (length >>> (24 - 8 * i));
      }
      in.readFully(message, head, length - 4);
      return message;
    }
  }
}
