package dev.memlane.testing;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/**
 * An HTTP server that behaves like a provider of chat models: it answers from a script, counts what it is asked, and
 * misbehaves as real ones do ({@link ChatReply}).
 *
 * <pre>{@code
 * ChatProvider provider = ChatProvider.start(question -> ChatReply.text("{\"facts\": []}"));
 * provider.next(ChatReply.busy(Duration.ofSeconds(1)));      // the next request gets this instead
 * }</pre>
 *
 * <p>
 * Requests with a key that was {@linkplain #deny denied} get status 401 and a message that repeats the key, as some
 * providers do. Safe for use by several threads.
 */
public final class ChatProvider implements AutoCloseable {

  private static final JsonFactory JSON = new JsonFactory();
  private static final int CHARACTERS_PER_TOKEN = 4;

  static {
    // Otherwise the server's answers wait for the client's acknowledgements, 40 ms each.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private final Set<String> denied = ConcurrentHashMap.newKeySet();
  private final Set<String> refusedFormats = ConcurrentHashMap.newKeySet();
  private volatile Function<ChatQuestion, ChatReply> script;

  @GuardedBy("this")
  private final Deque<ChatReply> next = new ArrayDeque<>();
  @GuardedBy("this")
  private final List<ChatQuestion> questions = new ArrayList<>();

  private ChatProvider(Function<ChatQuestion, ChatReply> script) {
    this.script = script;
    try {
      this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
    } catch (IOException e) {
      throw new UncheckedIOException("listening", e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** @param script makes the reply to each request; called by several threads */
  public static ChatProvider start(Function<ChatQuestion, ChatReply> script) {
    return new ChatProvider(script);
  }

  /** The base URL, to which clients add {@code /chat/completions}. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  /** Sets another script, from the next request on. */
  public void script(Function<ChatQuestion, ChatReply> replies) {
    this.script = replies;
  }

  /** Gives the next requests these replies, one each, before the script goes on. */
  public synchronized void next(ChatReply... replies) {
    next.addAll(List.of(replies));
  }

  /** Refuses a key. */
  public void deny(String key) {
    denied.add(key);
  }

  /** Refuses requests with this type of {@code response_format}, as servers without structured output do. */
  public void refuseFormat(String type) {
    refusedFormats.add(type);
  }

  /** All requests so far, in the order of their arrival, including refused ones. */
  public synchronized List<ChatQuestion> questions() {
    return List.copyOf(questions);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String header = exchange.getRequestHeaders().getFirst("Authorization");
      String key = header == null ? "" : header.replace("Bearer ", "");
      ChatQuestion question = ChatQuestion.read(key, exchange.getRequestBody().readAllBytes());
      ChatReply reply = reply(question);
      try {
        Object unused = reply.until().join();
      } catch (CompletionException | CancellationException e) {
        // Whoever holds the answer has given it up: the connection ends without one.
        return;
      }
      answer(exchange, question, reply);
    }
  }

  private ChatReply reply(ChatQuestion question) {
    ChatReply scripted;
    synchronized (this) {
      questions.add(question);
      scripted = next.poll();
    }
    if (denied.contains(question.key())) {
      return error(401, "Incorrect API key provided: " + question.key());
    }
    String format = question.format();
    if (format != null && refusedFormats.contains(format)) {
      return error(400, "This response_format type is unavailable now");
    }
    return scripted == null ? script.apply(question) : scripted;
  }

  private static ChatReply error(int status, String message) {
    return ChatReply.status(status, "{\"error\":{\"message\":\"" + message + "\"}}");
  }

  private static void answer(HttpExchange exchange, ChatQuestion question, ChatReply reply) throws IOException {
    if (reply.retryAfter() != null) {
      exchange.getResponseHeaders().add("Retry-After-Ms", String.valueOf(reply.retryAfter().toMillis()));
      exchange.getResponseHeaders().add("Retry-After", String.valueOf((reply.retryAfter().toMillis() + 999) / 1000));
    }
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    byte[] bytes = body(question, reply);
    exchange.sendResponseHeaders(reply.status(), bytes.length);
    exchange.getResponseBody().write(bytes, 0, reply.whole() ? bytes.length : bytes.length / 2);
    if (reply.whole()) {
      exchange.getResponseBody().close();
    }
  }

  private static byte[] body(ChatQuestion question, ChatReply reply) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (reply.body() != null) {
      bytes.writeBytes(reply.body().getBytes(StandardCharsets.UTF_8));
      return bytes.toByteArray();
    }
    String content = reply.content();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("object", "chat.completion");
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", 0);
      json.writeObjectFieldStart("message");
      json.writeStringField("role", "assistant");
      json.writeStringField("content", content);
      json.writeStringField("refusal", reply.refusal());
      json.writeEndObject();
      json.writeStringField("finish_reason", reply.finishReason());
      json.writeEndObject();
      json.writeEndArray();
      json.writeObjectFieldStart("usage");
      json.writeNumberField("prompt_tokens", question.body().length() / CHARACTERS_PER_TOKEN);
      json.writeNumberField("completion_tokens", content == null ? 1 : 1 + content.length() / CHARACTERS_PER_TOKEN);
      json.writeEndObject();
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }
}
