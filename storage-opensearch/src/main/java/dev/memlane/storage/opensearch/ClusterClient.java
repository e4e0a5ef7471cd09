package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * A client of the cluster's nodes: JSON over HTTP.
 *
 * <p>
 * It is built on the JDK's client and not on {@code opensearch-java}, because of three things that the index has to know
 * of each request: whether the cluster may have received it, so that a put is repeated at another node only if it surely
 * was not sent; that it ends by a deadline of its own, answer included; and how many run at the same time. That library
 * retries by itself, and its typed requests would be no shorter than the few bodies that are needed here.
 *
 * <p>
 * <b>Nodes.</b> Each request begins at the next node in turn. If the connection can't be made, it goes on to the next
 * one, and the node is passed over for some seconds. A request that may be repeated goes on after any failure of the
 * connection, and after an answer that the node is not there (502, 503, 504).
 *
 * <p>
 * <b>Bounds.</b> A bounded number of requests run at the same time, and a bounded number of further ones wait. The time
 * that a request waits counts. Safe for use by several threads.
 */
final class ClusterClient implements AutoCloseable {

  /** The largest answer: that of a search at the greatest depth, for long memories. */
  private static final long MOST_BYTES = 256L << 20;
  /** How long a node that can't be connected to is passed over. */
  private static final long PASSED_OVER_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Writes and reads all JSON. Memories may be longer than Jackson's limit for a text. */
  static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(64 << 20).build()).build());

  private final List<URI> hosts;
  private final @Nullable Credentials credentials;
  private final ClusterFailures failures;
  private final HttpClient client;
  private final int running;
  private final int waitingBound;
  private final AtomicInteger turn = new AtomicInteger();
  /** Until when each node is passed over, as a {@link System#nanoTime}; 0 for a node that is not. */
  private final AtomicLongArray passedOver;

  private final ReentrantLock lock = new ReentrantLock();
  @GuardedBy("lock")
  private final Deque<Call> waiting = new ArrayDeque<>();
  @GuardedBy("lock")
  private int started;
  @GuardedBy("lock")
  private boolean closed;

  /**
   * @param running how many requests run at the same time
   * @param waitingBound how many wait
   */
  ClusterClient(List<URI> hosts, @Nullable Credentials credentials, @Nullable SSLContext trust, Duration connectTimeout,
      Executor executor, ClusterFailures failures, int running, int waitingBound) {
    this.hosts = List.copyOf(hosts);
    this.credentials = credentials;
    this.failures = failures;
    this.running = running;
    this.waitingBound = waitingBound;
    this.passedOver = new AtomicLongArray(hosts.size());
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(connectTimeout)
        .version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER).executor(executor);
    this.client = trust == null ? builder.build() : builder.sslContext(trust).build();
  }

  /**
   * A request.
   *
   * @param what it does, for messages: "could not be searched"
   * @param path begins with a slash
   * @param body null for none; not changed
   * @param repeatable whether the cluster may get it twice
   */
  @SuppressWarnings("ArrayRecordComponent") // requests are never compared
  record Request(String what, String method, String path, byte @Nullable [] body, boolean repeatable) {

    static Request get(String what, String path) {
      return new Request(what, "GET", path, null, true);
    }

    /** A request that changes nothing, or the same when it is repeated. */
    static Request post(String what, String path, @Nullable JsonNode body) {
      return new Request(what, "POST", path, body == null ? null : bytes(body), true);
    }
  }

  /** An answer, whatever its status. */
  record Answer(int status, JsonNode body) {}

  static byte[] bytes(JsonNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can be written", e);
    }
  }

  /**
   * Sends a request.
   *
   * @return fails with an {@link UnansweredException}
   */
  CompletableFuture<Answer> send(Request request, Duration patience) {
    Call call = new Call(request, patience);
    lock.lock();
    try {
      if (closed) {
        return CompletableFuture.failedFuture(unsent(failures.closed()));
      }
      if (started >= running) {
        if (waiting.size() >= waitingBound) {
          return CompletableFuture.failedFuture(unsent(failures.busy()));
        }
        waiting.add(call);
        return call.answer;
      }
      started++;
    } finally {
      lock.unlock();
    }
    call.begin();
    return call.answer;
  }

  /**
   * Sends a request and reads its answer.
   *
   * @return fails with an {@link UnansweredException}, or a {@link RefusedException} if the status is 300 or more
   */
  CompletableFuture<JsonNode> ask(Request request, Duration patience) {
    return send(request, patience).thenApply(answer -> {
      if (answer.status >= 300) {
        throw failures.refused(request.what, answer.status, answer.body.get("error"));
      }
      return answer.body;
    });
  }

  private void ended() {
    while (true) {
      Call next;
      lock.lock();
      try {
        next = waiting.poll();
        if (next == null) {
          started--;
          return;
        }
      } finally {
        lock.unlock();
      }
      if (next.remaining().isPositive()) {
        next.begin();
        return;
      }
      next.answer.completeExceptionally(
          unsent(failures.late("has too much to do, so a request was not sent", next.patience)));
    }
  }

  @Override
  public void close() {
    List<Call> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(call -> call.answer.completeExceptionally(unsent(failures.closed())));
    client.shutdownNow();
  }

  private static UnansweredException unsent(StoreException reason) {
    return new UnansweredException(String.valueOf(reason.getMessage()), false, null);
  }

  /** One request on its way, which may try several nodes. */
  private final class Call {

    private final Request request;
    private final Duration patience;
    private final long end;
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private int host;
    private int tried;

    Call(Request request, Duration patience) {
      this.request = request;
      this.patience = patience;
      this.end = System.nanoTime() + patience.toNanos();
    }

    Duration remaining() {
      return Duration.ofNanos(end - System.nanoTime());
    }

    void begin() {
      host = first();
      attempt();
    }

    private int first() {
      int next = Math.floorMod(turn.getAndIncrement(), hosts.size());
      long now = System.nanoTime();
      for (int i = 0; i < hosts.size(); i++) {
        int candidate = (next + i) % hosts.size();
        long until = passedOver.get(candidate);
        if (until == 0 || until - now <= 0) {
          return candidate;
        }
      }
      return next;
    }

    private void attempt() {
      CompletableFuture<HttpResponse<byte[]>> response;
      try {
        response = client.sendAsync(httpRequest(), info -> new BoundedBody(MOST_BYTES));
      } catch (IllegalArgumentException | IllegalStateException e) {
        end(null, failures.unreachable(address(), e));
        return;
      }
      // The client's own time-out ends with the headers.
      CompletableFuture<HttpResponse<byte[]>> whole = response.copy().orTimeout(Math.max(1, remaining().toNanos()),
          TimeUnit.NANOSECONDS);
      CompletableFuture<?> unused = whole.whenComplete((received, failure) -> {
        if (failure instanceof TimeoutException) {
          response.cancel(true);
          // Not on the JVM's timer thread, because stages chained to the answer may block.
          Thread.startVirtualThread(() -> end(null, failures.unanswered(address(), patience)));
        } else if (received == null) {
          failed(failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure);
        } else {
          received(received);
        }
      });
    }

    private HttpRequest httpRequest() {
      byte[] body = request.body;
      HttpRequest.Builder builder = HttpRequest.newBuilder(hosts.get(host).resolve(request.path))
          .method(request.method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body))
          .header("Accept", "application/json");
      if (body != null) {
        builder.header("Content-Type", "application/json");
      }
      if (credentials != null) {
        builder.header("Authorization", credentials.reveal());
      }
      return builder.build();
    }

    private void received(HttpResponse<byte[]> received) {
      int status = received.statusCode();
      boolean away = status == 502 || status == 503 || status == 504;
      if (away && request.repeatable && next()) {
        return;
      }
      passedOver.set(host, 0);
      try {
        byte[] body = received.body();
        JsonNode read = body.length == 0 ? JSON.nullNode() : JSON.readTree(body);
        end(new Answer(status, read == null ? JSON.nullNode() : read), null);
      } catch (IOException e) {
        // A proxy's page, or half an answer. The parser's message quotes it.
        if (status >= 300) {
          end(new Answer(status, JSON.nullNode()), null);
        } else {
          end(null, failures.unfit("no JSON", null));
        }
      }
    }

    private void failed(@Nullable Throwable cause) {
      Throwable known = cause == null ? new IOException("no answer") : cause;
      boolean insecure = known instanceof SSLHandshakeException;
      boolean unsent = insecure || known instanceof ConnectException || known instanceof HttpConnectTimeoutException
          || known.getCause() instanceof UnresolvedAddressException;
      if (unsent) {
        passedOver.set(host, System.nanoTime() + PASSED_OVER_NANOS | 1);
      }
      if ((unsent || request.repeatable) && next()) {
        return;
      }
      end(null, insecure
          ? failures.insecure(address(), known)
          : unsent ? failures.unreachable(address(), known) : failures.lost(address(), known));
    }

    /** Tries the next node, if there is one that was not tried, and time. */
    private boolean next() {
      tried++;
      if (tried >= hosts.size() || !remaining().isPositive()) {
        return false;
      }
      host = (host + 1) % hosts.size();
      attempt();
      return true;
    }

    private void end(@Nullable Answer answered, @Nullable StoreException failure) {
      try {
        if (answered != null) {
          answer.complete(answered);
        } else if (failure != null) {
          answer.completeExceptionally(failure);
        }
      } finally {
        ended();
      }
    }

    private String address() {
      return hosts.get(host).toString();
    }
  }
}
