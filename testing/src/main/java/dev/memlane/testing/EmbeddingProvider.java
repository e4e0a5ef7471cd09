package dev.memlane.testing;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server that makes embeddings as the providers do: with keys that each have limits, with latencies, and with
 * whatever can go wrong. What it answers with depends on the text alone ({@link #vector}).
 *
 * <p>
 * Requests beyond a key's limits get status 429 with {@code Retry-After}; requests with a key that it doesn't know get 401,
 * and repeat the key, as some do. Safe for use by several threads.
 */
public final class EmbeddingProvider implements AutoCloseable {

  private static final long MINUTE = Duration.ofMinutes(1).toNanos();
  /** Sleeping longer than that would wake up late, by a large part of a short latency. */
  private static final long SLEEPS_LATE_BY = 200_000;
  private static final JsonFactory JSON = new JsonFactory();
  private static final Answer OUT_OF_CREDIT = new Answer(429,
      error("You exceeded your current quota", "insufficient_quota"), true);

  static {
    // Else the server's answers wait for the client's acknowledgements, 40 ms each.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final int dimension;
  private final Map<String, Key> keys = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  /** When the request arrived that a thread serves. */
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

  /** What is to be put before {@code /embeddings}. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  /** Adds a key, without limits and latency. */
  public Key key(String secret) {
    Key key = new Key();
    keys.put(secret, key);
    return key;
  }

  /** How often each text was computed, over all keys. */
  public Map<String, Integer> computed() {
    return Collections.unmodifiableMap(computed);
  }

  /** The vector that a text gets: of unit length or so, and another for another text. */
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
      answer = compute(key, new Request(body), begun);
    } finally {
      // Before the answer is sent: who has it may send the next request.
      key.leave(System.nanoTime() - begun);
    }
    if (answer != null) {
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      answer(exchange, answer);
    }
  }

  /**
   * What is to be sent.
   *
   * @param whole whether all of it is, before the connection is closed, or half
   */
  private record Answer(int status, String body, boolean whole) {}

  /** @return null to close the connection without an answer */
  private @Nullable Answer compute(Key key, Request request, long begun) throws InterruptedException {
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
    // From when the request arrived: what the computing took is part of the latency.
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

  private String vectors(Request request, @Nullable Fault fault) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < request.texts.size(); i++) {
      float[] vector = vector(request.texts.get(i));
      if (fault == Fault.WRONG_DIMENSION) {
        vector = new float[]{1, 2, 3};
      } else if (fault == Fault.ZERO) {
        vector = new float[dimension];
      }
      parts.add("{\"object\":\"embedding\",\"index\":" + i + ",\"embedding\":"
          + (request.base64 ? base64(vector) : numbers(vector)) + "}");
    }
    if (fault == Fault.SHUFFLED) {
      Collections.reverse(parts);
    } else if (fault == Fault.MISSING) {
      parts.removeLast();
    }
    int tokens = request.texts.stream().mapToInt(text -> 1 + text.length() / 4).sum();
    return "{\"object\":\"list\",\"data\":[" + String.join(",", parts)
        + "],\"model\":\"test\",\"usage\":{\"prompt_tokens\":"
        + tokens + ",\"total_tokens\":" + tokens + "}}";
  }

  private static String numbers(float[] vector) {
    List<String> numbers = new ArrayList<>();
    for (float number : vector) {
      numbers.add(String.format(Locale.ROOT, "%s", number));
    }
    return numbers.stream().collect(Collectors.joining(",", "[", "]"));
  }

  private static String base64(float[] vector) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return '"' + Base64.getEncoder().encodeToString(bytes.array()) + '"';
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

  /** What goes wrong at a key. */
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
    /** Answers with status 429, and that nobody has paid; if there are too many requests at a time, with when to come again. */
    OUT_OF_CREDIT
  }

  /** A key: its limits, its latency, and what it has seen. The setters return it and may be called at any time. */
  public static final class Key {

    private volatile Supplier<Duration> latency = () -> Duration.ZERO;
    private volatile Predicate<String> poison = text -> false;
    private volatile @Nullable Fault fault;
    private volatile CountDownLatch hanging = new CountDownLatch(1);

    // Guarded by this
    private int concurrency = Integer.MAX_VALUE;
    private int requestsPerMinute = Integer.MAX_VALUE;
    private Duration retryAfter = Duration.ofMillis(100);
    private final Deque<Long> begun = new ArrayDeque<>();
    private int inFlight;
    private int mostInFlight;
    private int requests;
    private int refused;
    private int texts;
    private long busyNanos;
    private long firstNanos;
    private long lastNanos;

    private Key() {}

    /** How many requests it serves at the same time; more are refused. */
    public synchronized Key concurrency(int requests) {
      this.concurrency = requests;
      return this;
    }

    /** How many requests it serves in any minute; more are refused, with the time until there is room. */
    public synchronized Key requestsPerMinute(int requests) {
      this.requestsPerMinute = requests;
      return this;
    }

    /** How long those have to wait that were refused for being too many at a time. */
    public synchronized Key retryAfter(Duration duration) {
      this.retryAfter = duration;
      return this;
    }

    public Key latency(Duration duration) {
      this.latency = () -> duration;
      return this;
    }

    /** Asked for each request. */
    public Key latency(Supplier<Duration> durations) {
      this.latency = durations;
      return this;
    }

    /** Requests with such texts get status 400. */
    public Key poison(Predicate<String> texts) {
      this.poison = texts;
      return this;
    }

    /** What goes wrong from now on; null for nothing, which also lets go of what hangs, unanswered. */
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

    /** How many requests came, refused ones included. */
    public synchronized int requests() {
      return requests;
    }

    /** How many requests were one too many. */
    public synchronized int refused() {
      return refused;
    }

    /** How many texts it has computed. */
    public synchronized int texts() {
      return texts;
    }

    /** The most requests that it had at the same time. */
    public synchronized int mostInFlight() {
      return mostInFlight;
    }

    /** How long it has worked, all requests together, in nanoseconds. */
    public synchronized long busyNanos() {
      return busyNanos;
    }

    /** From the first request to the last answer, in nanoseconds. */
    public synchronized long activeNanos() {
      return lastNanos - firstNanos;
    }

    /** Counts from zero again. */
    public synchronized Key reset() {
      requests = 0;
      refused = 0;
      texts = 0;
      mostInFlight = inFlight;
      busyNanos = 0;
      return this;
    }
  }

  /** A request's body. */
  private static final class Request {
    final List<String> texts = new ArrayList<>();
    boolean base64;

    Request(byte[] body) throws IOException {
      try (JsonParser json = JSON.createParser(body)) {
        for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
          if (token == JsonToken.VALUE_STRING && "encoding_format".equals(json.currentName())) {
            base64 = "base64".equals(json.getText());
          } else if (token == JsonToken.START_ARRAY && "input".equals(json.currentName())) {
            while (json.nextToken() == JsonToken.VALUE_STRING) {
              texts.add(json.getText());
            }
          }
        }
      }
    }
  }
}
