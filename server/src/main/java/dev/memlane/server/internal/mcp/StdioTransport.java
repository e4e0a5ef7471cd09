package dev.memlane.server.internal.mcp;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.modern.JsonRpc;
import io.modelcontextprotocol.modern.server.McpRequestManager;
import io.modelcontextprotocol.modern.server.McpTransportResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpServerSession;
import io.modelcontextprotocol.spec.McpServerTransport;
import io.modelcontextprotocol.spec.McpServerTransportProvider;
import io.modelcontextprotocol.spec.McpTransportException;
import io.modelcontextprotocol.spec.ProtocolVersions;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The protocol over a pair of streams, one message a line.
 *
 * <p>
 * The SDK has such a transport. This one differs where that matters to people: a line that is no message is answered with an
 * error, and the next line is read; requests of versions with sessions and without them may come on the same streams; a request that the client cancels is interrupted; after the end of the input, the requests under
 * way are still answered. At most {@value #MOST_REQUESTS} requests run at once; then no more lines are read.
 */
public final class StdioTransport implements McpServerTransportProvider {

  private static final Logger LOGGER = System.getLogger("dev.memlane.server.mcp");
  /** Where a request without a session says the version that it speaks. */
  private static final String VERSION = "io.modelcontextprotocol/protocolVersion";
  private static final int MOST_REQUESTS = 256;
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final McpJson json;
  private final McpJsonMapper mapper;
  private final Supplier<McpRequestManager> withoutSessions;
  /** Used by the thread that reads. */
  private @Nullable McpRequestManager stateless;
  private final ExecutorService threads = Executors
      .newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-mcp-stateless-", 0).factory());
  private final Scheduler scheduler = Schedulers.fromExecutorService(threads);
  private final InputStream in;
  private final OutputStream out;
  private final ReentrantLock writing = new ReentrantLock();
  private final Semaphore free = new Semaphore(MOST_REQUESTS);
  private final Map<Object, Disposable> running = new ConcurrentHashMap<>();
  private @Nullable McpServerSession session;
  private boolean initialized;

  /**
   * @param withoutSessions makes what handles the requests of versions without sessions, each of which says its version; called
   * when there is one
   */
  public StdioTransport(McpJson json, Supplier<McpRequestManager> withoutSessions, InputStream in, OutputStream out) {
    this.json = json;
    this.withoutSessions = withoutSessions;
    this.mapper = json.mapper();
    this.in = new BufferedInputStream(in);
    this.out = out;
  }

  @Override
  public void setSessionFactory(McpServerSession.Factory factory) {
    session = factory.create(new Outgoing());
  }

  @Override
  public List<String> protocolVersions() {
    return List.of(ProtocolVersions.MCP_2024_11_05, ProtocolVersions.MCP_2025_03_26, ProtocolVersions.MCP_2025_06_18,
        ProtocolVersions.MCP_2025_11_25);
  }

  /**
   * Reads and handles messages until the input ends and its requests are answered.
   *
   * @throws IOException if a stream fails
   * @throws InterruptedException if the thread is interrupted while requests are under way
   */
  public void run() throws IOException, InterruptedException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int length = 0;
    for (int next = in.read(); next >= 0; next = in.read()) {
      if (next != '\n') {
        if (length++ < McpJson.LONGEST_MESSAGE) {
          line.write(next);
        }
        continue;
      }
      receive(line, length);
      line.reset();
      length = 0;
    }
    if (length > 0) {
      receive(line, length);
    }
    if (!free.tryAcquire(MOST_REQUESTS, GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
      LOGGER.log(Logger.Level.WARNING, "the input has ended, and some requests were not answered in time");
    }
    scheduler.dispose();
    threads.shutdownNow();
  }

  private void receive(ByteArrayOutputStream line, int length) throws IOException, InterruptedException {
    if (length > McpJson.LONGEST_MESSAGE) {
      fail(null, McpSchema.ErrorCodes.INVALID_REQUEST,
          "the message has " + length + " bytes; at most " + McpJson.LONGEST_MESSAGE + " are read");
      return;
    }
    String text = line.toString(StandardCharsets.UTF_8).strip();
    if (text.isEmpty()) {
      return;
    }
    JSONRPCMessage message;
    try {
      message = McpSchema.deserializeJsonRpcMessage(mapper, text);
    } catch (IOException | IllegalArgumentException e) {
      fail(null, McpSchema.ErrorCodes.PARSE_ERROR, "the line is no JSON-RPC message");
      return;
    }
    handle(message);
  }

  private void handle(JSONRPCMessage message) throws IOException, InterruptedException {
    McpServerSession to = Objects.requireNonNull(session, "the server has not been built");
    switch (message) {
      case JSONRPCRequest request -> handle(to, request);
      case JSONRPCNotification notification when notification.method().equals("notifications/cancelled") ->
        cancel(notification);
      case JSONRPCNotification notification -> {
        initialized |= notification.method().equals(McpSchema.METHOD_NOTIFICATION_INITIALIZED);
        subscribe(to.handle(notification));
      }
      default -> subscribe(to.handle(message));
    }
  }

  private void handle(McpServerSession to, JSONRPCRequest request) throws IOException, InterruptedException {
    boolean stateless = isStateless(request);
    if (!stateless && !initialized && request.method().equals(McpSchema.METHOD_PING)) {
      send(JSONRPCResponse.result(request.id(), Map.of()));
      return;
    }
    if (!stateless && !initialized && !request.method().equals(McpSchema.METHOD_INITIALIZE)) {
      // The session would let it wait for that, without an end.
      fail(request.id(), McpSchema.ErrorCodes.INVALID_REQUEST,
          "the session is not initialized; send initialize and notifications/initialized first");
      return;
    }
    free.acquire();
    Disposable.Swap entry = Disposables.swap();
    running.put(request.id(), entry);
    boolean unused = entry.update(subscribe((stateless ? stateless(request) : to.handle(request)).doFinally(signal -> {
      running.remove(request.id(), entry);
      free.release();
    })));
  }

  /** Whether a request speaks a version without sessions, which it then says itself. */
  private static boolean isStateless(JSONRPCRequest request) {
    return request.params() instanceof Map<?, ?> params && params.get("_meta") instanceof Map<?, ?> meta
        && meta.get(VERSION) instanceof String version && VersionServlet.isStateless(version);
  }

  /** Handles a request on a thread that may wait, and is interrupted if the client cancels it. */
  private Mono<Void> stateless(JSONRPCRequest request) {
    JsonRpc.JSONRPCRequest same = new JsonRpc.JSONRPCRequest(request.method(), request.id(), request.params());
    McpRequestManager server = stateless == null ? withoutSessions.get() : stateless;
    stateless = server;
    return Mono.defer(() -> server.handleBlocking(McpTransportContext.EMPTY, same))
        .flatMapMany(response -> switch (response) {
          case McpTransportResponse.Result result -> Flux.just(result.response());
          case McpTransportResponse.Error error -> Flux.just(error.response());
          case McpTransportResponse.Streaming streaming -> streaming.messages();
          default -> Flux.error(new IllegalStateException("an answer of an unknown kind"));
        }).doOnNext(this::sendOrFail).then().subscribeOn(scheduler);
  }

  private void sendOrFail(Object message) {
    try {
      send(message);
    } catch (IOException e) {
      throw new McpTransportException("the client no longer reads", e);
    }
  }

  private void cancel(JSONRPCNotification notification) {
    Object id = notification.params() instanceof Map<?, ?> params ? params.get("requestId") : null;
    Disposable request = id == null ? null : running.remove(id);
    if (request != null) {
      request.dispose();
    }
  }

  private static Disposable subscribe(Mono<Void> handling) {
    return handling.subscribe(nothing -> {},
        failure -> LOGGER.log(Logger.Level.WARNING, "a message could not be handled",
            failure));
  }

  private void fail(@Nullable Object id, int code, String message) throws IOException {
    Map<String, Object> response = new LinkedHashMap<>();
    response.put("jsonrpc", McpSchema.JSONRPC_VERSION);
    if (id != null) {
      response.put("id", id);
    }
    response.put("error", Map.of("code", code, "message", message));
    send(response);
  }

  private void send(Object message) throws IOException {
    // JSON of one line: Jackson escapes line breaks within texts.
    byte[] line = (json.write(message) + "\n").getBytes(StandardCharsets.UTF_8);
    writing.lock();
    try {
      out.write(line);
      out.flush();
    } finally {
      writing.unlock();
    }
  }

  @Override
  public Mono<Void> notifyClients(String method, Object params) {
    McpServerSession to = session;
    return to == null ? Mono.empty() : to.sendNotification(method, params);
  }

  @Override
  public Mono<Void> closeGracefully() {
    McpServerSession to = session;
    return to == null ? Mono.empty() : to.closeGracefully();
  }

  @Override
  public String toString() {
    return "StdioTransport[running " + Collections.unmodifiableSet(running.keySet()) + "]";
  }

  /** What the session sends. */
  private final class Outgoing implements McpServerTransport {

    @Override
    public Mono<Void> sendMessage(JSONRPCMessage message) {
      return Mono.fromRunnable(() -> sendOrFail(message));
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
      return mapper.convertValue(data, type);
    }

    @Override
    public Mono<Void> closeGracefully() {
      return Mono.empty();
    }
  }
}
