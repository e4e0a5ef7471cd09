package dev.memlane.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server that behaves like a provider of embeddings: it has keys with limits, latencies and faults. Its vectors
 * depend only on the text ({@link #vector}).
 *
 * <p>
 * Requests beyond a key's limits get status 429 with {@code Retry-After}. Requests with an unknown key get 401 and a
 * message that repeats the key, as some providers do. Safe for use by several threads.
 */
public final class EmbeddingProvider implements AutoCloseable {

  private static final long MINUTE = Duration.ofMinutes(1).toNanos();
  /** A sleep may end this much too late, which is a large part of a short latency. */
  private static final long SLEEPS_LATE_BY = 200_000;
  private static final Answer OUT_OF_CREDIT = new Answer(429,
      error("You exceeded your current quota", "insufficient_quota"), true);

  static {
    // Otherwise the server's answers wait for the client's acknowledgements, 40 ms each.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final int dimension;
  private final Map<String, Key> keys = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  /** The time when a thread's request arrived. */
  private final ThreadLocal<Long> arrived = new ThreadLocal<>();
  private final Map<String, Integer> computed = new ConcurrentHashMap<>();
  private HttpServer server;

  private EmbeddingProvider(int dimension) {
    this.dimension = dimension;
    this.server = listen(0);
  }

  public static EmbeddingProvider start(int dimension) {
    return new EmbeddingProvider(dimension);
  }

  private HttpServer listen(int port) {
    try {
      HttpServer listening = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
      listening.setExecutor(task -> {
        long now = System.nanoTime();
        threads.execute(() -> {
          arrived.set(now);
          task.run();
        });
      });
      listening.createContext("/", this::handle);
      listening.start();
      return listening;
    } catch (IOException e) {
      throw new UncheckedIOException("listening on port " + port, e);
    }
  }

  /** The base URL, to which clients add {@code /embeddings}. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  /** Adds a key without limits and latency. */
  public Key key(String secret) {
    Key key = new Key();
    keys.put(secret, key);
    return key;
  }

  /** The number of times that each text was computed, over all keys. */
  public Map<String, Integer> computed() {
    return Collections.unmodifiableMap(computed);
  }

  /** The vector of a text; different texts have different vectors. */
  public float[] vector(String text) {
    Random random = new Random(text.hashCode());
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    vector[0] = text.length() + 1f;
    return vector;
  }

  /** Refuses connections from now on. */
  public synchronized void goDown() {
    server.stop(0);
  }

  /** Accepts connections again, at the same address. */
  public synchronized void comeBack() {
    server = listen(server.getAddress().getPort());
  }

  @Override
  public synchronized void close() {
    keys.values().forEach(Key::release);
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String secret = secret(exchange);
      Key key = keys.get(secret);
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (key == null) {
        answer(exchange, new Answer(401, error("Incorrect API key provided: " + secret), true));
        return;
      }
      serve(exchange, key, body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String secret(HttpExchange exchange) {
    String header = exchange.getRequestHeaders().getFirst("Authorization");
    if (header == null) {
      header = exchange.getRequestHeaders().getFirst("api-key");
    }
    return header == null ? "" : header.replace("Bearer ", "");
  }

  private void serve(HttpExchange exchange, Key key, byte[] body) throws IOException, InterruptedException {
    if (key.fault == Fault.HANG) {
      key.hanging.await();
      return;
    }
    Duration retryAfter = key.enter();
    if (retryAfter != null) {
      exchange.getResponseHeaders().add("Retry-After-Ms", String.valueOf(retryAfter.toMillis()));
      exchange.getResponseHeaders().add("Retry-After", String.valueOf((retryAfter.toMillis() + 999) / 1000));
      answer(exchange,
          key.fault == Fault.OUT_OF_CREDIT ? OUT_OF_CREDIT : new Answer(429, error("Rate limit reached"), true));
      return;
    }
    long begun = arrived.get();
    Answer answer;
    try {
      answer = compute(key, new EmbeddingRequest(body), begun);
    } finally {
      // Before the answer is sent, because a client that has it may send the next request.
      key.leave(System.nanoTime() - begun);
    }
    if (answer != null) {
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      answer(exchange, answer);
    }
  }

  /**
   * An answer.
   *
   * @param whole whether all of it is sent before the connection is closed, or half
   */
  private record Answer(int status, String body, boolean whole) {}

  /** @return null to close the connection without an answer */
  private @Nullable Answer compute(Key key, EmbeddingRequest request, long begun) throws InterruptedException {
    Fault fault = key.fault;
    if (fault == Fault.RESET) {
      return null;
    }
    if (fault == Fault.ERROR) {
      return new Answer(500, error("The server had an error"), true);
    }
    if (fault == Fault.OUT_OF_CREDIT) {
      return OUT_OF_CREDIT;
    }
    if (request.texts.stream().anyMatch(key.poison)) {
      return new Answer(400, error("This input is not allowed"), true);
    }
    Answer answer = new Answer(200, vectors(request, fault), fault != Fault.TRUNCATED);
    request.texts.forEach(text -> computed.merge(text, 1, Integer::sum));
    key.answered(request.texts.size());
    // From the request's arrival, because the time for computing is part of the latency.
    waitUntil(begun + key.latency.get().toNanos());
    return answer;
  }

  private static void waitUntil(long nanoTime) throws InterruptedException {
    long left = nanoTime - System.nanoTime();
    if (left > SLEEPS_LATE_BY) {
      TimeUnit.NANOSECONDS.sleep(left - SLEEPS_LATE_BY);
    }
    while (System.nanoTime() < nanoTime) {
      Thread.onSpinWait();
    }
  }

  private String vectors(EmbeddingRequest request, @Nullable Fault fault) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < request.texts.size(); i++) {
      float[] vector = switch (fault) {
        case WRONG_DIMENSION -> new float[]{1, 2, 3};
        case ZERO -> new float[dimension];
        case null, default -> vector(request.texts.get(i));
      };
      parts.add(request.vector(i, vector));
    }
    if (fault == Fault.SHUFFLED) {
      Collections.reverse(parts);
    } else if (fault == Fault.MISSING) {
      parts.removeLast();
    }
    return request.answer(parts);
  }

  private static String error(String message) {
    return error(message, "test");
  }

  private static String error(String message, String type) {
    return "{\"error\":{\"message\":\"" + message + "\",\"type\":\"" + type + "\"}}";
  }

  private static void answer(HttpExchange exchange, Answer answer) throws IOException {
    byte[] bytes = answer.body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(answer.status, bytes.length);
    exchange.getResponseBody().write(bytes, 0, answer.whole ? bytes.length : bytes.length / 2);
    if (answer.whole) {
      exchange.getResponseBody().close();
    }
  }

  /** A fault of a key. */
  public enum Fault {
    /** Accepts everything and never answers. */
    HANG,
    /** Closes the connection without an answer. */
    RESET,
    /** Answers with status 500. */
    ERROR,
    /** Closes the connection in the middle of the answer. */
    TRUNCATED,
    /** Answers in another order, with the right numbers. */
    SHUFFLED,
    /** Leaves one vector out. */
    MISSING,
    /** Answers with vectors of three numbers. */
    WRONG_DIMENSION,
    /** Answers with zeros. */
    ZERO,
    /** Answers with status 429 and that the quota is used up; with Retry-After if too many requests run at a time. */
    OUT_OF_CREDIT
  }

  /** A key: its limits, its latency, and its counters. The setters return it and may be called at any time. */
  public static final class Key {

    private volatile Supplier<Duration> latency = () -> Duration.ZERO;
    private volatile Predicate<String> poison = text -> false;
    private volatile @Nullable Fault fault;
    private volatile CountDownLatch hanging = new CountDownLatch(1);

    @GuardedBy("this")
    private int concurrency = Integer.MAX_VALUE;
    @GuardedBy("this")
    private int requestsPerMinute = Integer.MAX_VALUE;
    @GuardedBy("this")
    private Duration retryAfter = Duration.ofMillis(100);
    @GuardedBy("this")
    private final Deque<Long> begun = new ArrayDeque<>();
    @GuardedBy("this")
    private int inFlight;
    @GuardedBy("this")
    private int mostInFlight;
    @GuardedBy("this")
    private int requests;
    @GuardedBy("this")
    private int refused;
    @GuardedBy("this")
    private int texts;
    @GuardedBy("this")
    private long busyNanos;
    @GuardedBy("this")
    private long firstNanos;
    @GuardedBy("this")
    private long lastNanos;

    private Key() {}

    /** Sets how many requests it serves at the same time; more are refused. */
    public synchronized Key concurrency(int requests) {
      this.concurrency = requests;
      return this;
    }

    /** Sets how many requests it serves in any minute; more are refused, with the time until one is served again. */
    public synchronized Key requestsPerMinute(int requests) {
      this.requestsPerMinute = requests;
      return this;
    }

    /** Sets the Retry-After of requests that were refused because too many ran at a time. */
    public synchronized Key retryAfter(Duration duration) {
      this.retryAfter = duration;
      return this;
    }

    public Key latency(Duration duration) {
      this.latency = () -> duration;
      return this;
    }

    /** Sets the source of latencies, which is called for each request. */
    public Key latency(Supplier<Duration> durations) {
      this.latency = durations;
      return this;
    }

    /** Makes requests with such texts get status 400. */
    public Key poison(Predicate<String> texts) {
      this.poison = texts;
      return this;
    }

    /** Sets the fault from now on; null for none. Also ends requests that hang, without an answer. */
    public Key fault(@Nullable Fault fault) {
      this.fault = fault;
      release();
      return this;
    }

    private void release() {
      CountDownLatch held = hanging;
      hanging = new CountDownLatch(1);
      held.countDown();
    }

    private synchronized @Nullable Duration enter() {
      long now = System.nanoTime();
      firstNanos = requests == 0 ? now : firstNanos;
      requests++;
      while (!begun.isEmpty() && now - begun.peek() >= MINUTE) {
        begun.remove();
      }
      if (begun.size() >= requestsPerMinute) {
        refused++;
        return Duration.ofNanos(MINUTE - (now - begun.element()));
      }
      if (inFlight >= concurrency) {
        refused++;
        return retryAfter;
      }
      begun.add(now);
      inFlight++;
      mostInFlight = Math.max(mostInFlight, inFlight);
      return null;
    }

    private synchronized void leave(long nanos) {
      inFlight--;
      busyNanos += nanos;
      lastNanos = System.nanoTime();
    }

    private synchronized void answered(int count) {
      texts += count;
    }

    /** The number of requests, including refused ones. */
    public synchronized int requests() {
      return requests;
    }

    /** The number of requests refused because of limits. */
    public synchronized int refused() {
      return refused;
    }

    /** The number of texts computed. */
    public synchronized int texts() {
      return texts;
    }

    /** The most requests at the same time. */
    public synchronized int mostInFlight() {
      return mostInFlight;
    }

    /** The time spent on all requests together, in nanoseconds. */
    public synchronized long busyNanos() {
      return busyNanos;
    }

    /** The time from the first request to the last answer, in nanoseconds. */
    public synchronized long activeNanos() {
      return lastNanos - firstNanos;
    }

    /** Resets the counters. */
    public synchronized Key reset() {
      requests = 0;
      refused = 0;
      texts = 0;
      mostInFlight = inFlight;
      busyNanos = 0;
      return this;
    }
  }
}
