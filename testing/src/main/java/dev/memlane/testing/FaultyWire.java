package dev.memlane.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A proxy between a driver and a PostgreSQL server that breaks connections where a test wants it.
 *
 * <p>
 * It understands enough of the frontend protocol to know what passes: everything that the driver sends up to a Sync (or
 * one simple query) is a request, which contains the statements that it executes. A fault waits for the next request
 * with a given statement and strikes once, at an exact point: the server has not seen the request, has executed it
 * without its Sync, is just executing it, or has answered it completely.
 *
 * <p>
 * Without a fault everything passes. No encryption. Safe for use by several threads.
 */
public final class FaultyWire implements AutoCloseable {

  /** The fault of a request, and thereby of the transaction in it. */
  public enum Fault {
    /** The connection breaks, and the request never reaches the server. */
    CUT_REQUEST,
    /** The server executes the statements, and the connection breaks instead of the Sync that would commit them. */
    CUT_SYNC,
    /** The complete request reaches the server, and the connection breaks at once. */
    CUT_AFTER_REQUEST,
    /** The server executes the whole request, and the connection breaks before the answer. */
    CUT_ANSWER,
    /** The request is held until {@link FaultyWire#release}. */
    HOLD_REQUEST,
    /** The answer is held until {@link FaultyWire#release}. */
    HOLD_ANSWER
  }

  private static final int MOST_RECORDED = 1_000;
  /** What the driver and a pool send over a new connection. */
  private static final Set<String> OF_A_NEW_CONNECTION = Set.of("", "set application_name = 'memlane'",
      "show transaction isolation level");

  /** A fault that waits for its request. */
  private record Armed(Fault fault, String statement, CompletableFuture<Void> struck) {}

  private static final Pattern ADDRESS = Pattern.compile("jdbc:postgresql://([^:/]+):(\\d+)/(.*)");

  private final String jdbcUrl;
  private final InetSocketAddress server;
  private final Set<Passage> passages = ConcurrentHashMap.newKeySet();

  @GuardedBy("this")
  private final Deque<List<String>> requests = new ArrayDeque<>();
  @GuardedBy("this")
  private final List<Armed> armed = new ArrayList<>();
  @GuardedBy("this")
  private ServerSocket listener;
  @GuardedBy("this")
  private CountDownLatch released = new CountDownLatch(1);
  @GuardedBy("this")
  private boolean silent;

  private FaultyWire(InetSocketAddress server, String rest) {
    this.server = server;
    this.listener = listen(0);
    this.jdbcUrl = "jdbc:postgresql://localhost:" + listener.getLocalPort() + "/" + rest
        + (rest.contains("?") ? "&" : "?") + "sslmode=disable&gssEncMode=disable";
  }

  /**
   * Creates a wire to a server.
   *
   * @param jdbcUrl the server's URL, with host and port
   */
  public static FaultyWire to(String jdbcUrl) {
    Matcher address = ADDRESS.matcher(jdbcUrl);
    if (!address.matches()) {
      throw new IllegalArgumentException("no host, port and database in " + jdbcUrl);
    }
    return new FaultyWire(new InetSocketAddress(address.group(1), Integer.parseInt(address.group(2))),
        address.group(3));
  }

  /** The database's URL through this wire. */
  public String jdbcUrl() {
    return jdbcUrl;
  }

  /**
   * Arms a fault for the next request with such a statement.
   *
   * @param statement a part of its text, in any case
   * @return completes when the fault has struck: the connection is cut, or the request or its answer is being held
   */
  public synchronized CompletableFuture<Void> next(Fault fault, String statement) {
    Armed waiting = new Armed(fault, statement.toLowerCase(Locale.ROOT), new CompletableFuture<>());
    armed.add(waiting);
    return waiting.struck;
  }

  /**
   * Returns the requests since the last call: the statements of each, in lower case. A request is one transaction,
   * unless it is part of a longer one. What begins a connection is left out.
   */
  public synchronized List<List<String>> takeRequests() {
    List<List<String>> taken = List.copyOf(requests);
    requests.clear();
    return taken;
  }

  private synchronized void record(List<String> executed) {
    if (!executed.isEmpty() && OF_A_NEW_CONNECTION.containsAll(executed)) {
      // A pool opens connections whenever it likes.
      return;
    }
    requests.add(List.copyOf(executed));
    if (requests.size() > MOST_RECORDED) {
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

  /** Accepts new connections but never answers on them, as if the server had lost power, until {@link #release}. */
  public synchronized void silence() {
    silent = true;
  }

  /** Passes everything that is held, accepts connections again and answers on them. */
  public synchronized void release() {
    silent = false;
    released.countDown();
    released = new CountDownLatch(1);
    if (listener.isClosed()) {
      listener = listen(listener.getLocalPort());
    }
  }

  /** Cuts all connections and accepts no more. */
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
        // The listener was closed, by refuse or close, so its thread ends.
        return;
      }
      if (socket.isClosed()) {
        // It was accepted while the listener was being closed.
        close(client);
        return;
      }
      daemon("faulty-wire-connection", () -> pass(client, socket));
    }
  }

  /**
   * @param acceptor the listener that accepted the client
   */
  private void pass(Socket client, ServerSocket acceptor) {
    try {
      CountDownLatch silence = heldIfSilent();
      if (silence != null) {
        silence.await();
      }
      Passage passage = new Passage(client, new Socket(server.getHostString(), server.getPort()));
      passages.add(passage);
      if (acceptor.isClosed()) {
        // The wire refuses by now, and a cut that followed may have missed this connection.
        passage.cut();
        return;
      }
      daemon("faulty-wire-answers", passage::passAnswers);
      passage.passRequests();
    } catch (IOException e) {
      // The server accepts no connection, so neither does the wire.
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

    /** A fault of the answer, set before the request is passed on. */
    private record AnswerFault(Armed armed, CountDownLatch until) {}

    private final Socket client;
    private final Socket server;
    private final FrontendProtocol protocol = new FrontendProtocol();
    private volatile @Nullable AnswerFault answerFault;

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
        out.write(FrontendProtocol.firstMessage(in));
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        List<String> executed = new ArrayList<>();
        for (int type = in.read(); type >= 0; type = in.read()) {
          byte[] message = FrontendProtocol.message(in, type);
          protocol.track(type, message, executed);
          if (type == 'S' || type == 'Q') {
            send(out, request, message, executed);
            request.reset();
            executed.clear();
          } else if (type == 'p' || type == 'X' || type == 'F') {
            // Messages outside of requests: a password, the end of the connection.
            out.write(message);
          } else {
            request.write(message);
          }
        }
      } catch (IOException e) {
        // One side has closed its connection, or the wire was cut, so the other is closed too.
      } finally {
        cut();
      }
    }

    private void send(OutputStream out, ByteArrayOutputStream request, byte[] last, List<String> executed)
        throws IOException, InterruptedException {
      record(executed);
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
        case CUT_AFTER_REQUEST -> {
          // A fast answer must not pass before the cut.
          answerFault = new AnswerFault(fault, held());
          request.writeTo(out);
          out.write(last);
          cut(fault);
        }
        case CUT_ANSWER, HOLD_ANSWER -> {
          answerFault = new AnswerFault(fault, held());
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
          byte[] message = FrontendProtocol.message(in, type);
          AnswerFault fault = answerFault;
          if (fault == null) {
            out.write(message);
          } else if (type != 'Z') {
            kept.write(message);
          } else {
            kept.write(message);
            if (fault.armed.fault != Fault.HOLD_ANSWER) {
              cut(fault.armed);
              return;
            }
            fault.armed.struck.complete(null);
            fault.until.await();
            answerFault = null;
            kept.writeTo(out);
            kept.reset();
          }
        }
      } catch (IOException e) {
        // One side has closed its connection, or the wire was cut, so the other is closed too.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        cut();
      }
    }
  }
}
