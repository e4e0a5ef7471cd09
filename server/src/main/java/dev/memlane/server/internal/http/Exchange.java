package dev.memlane.server.internal.http;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.OperationId;
import dev.memlane.model.TimeParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response. A handler reads what it needs, then responds once: with a value, with nothing, or with a
 * stream. Used by one thread.
 */
public final class Exchange {

  private static final String OPERATION_TAG = "\"[0-9a-fA-F-]{36}\"";

  private static final int LONGEST_EMPTY_BODY = 1_000;

  private final Request request;
  private final Response response;
  private final Map<String, String> path;
  private final Fields query;
  private final Caller caller;
  private final Json json;
  private final long longestBody;
  private @Nullable OutputStream output;
  private byte @Nullable [] body;

  Exchange(Request request, Response response, Map<String, String> path, Fields query, Caller caller, Json json,
      long longestBody) {
    this.request = request;
    this.response = response;
    this.path = path;
    this.query = query;
    this.caller = caller;
    this.json = json;
    this.longestBody = longestBody;
  }

  public Caller caller() {
    return caller;
  }

  public Json json() {
    return json;
  }

  /** The client at the other end of the connection. */
  public Peer peer() {
    return new Peer(request);
  }

  /** Jetty's request, for what this class doesn't offer. */
  public Request request() {
    return request;
  }

  /** Jetty's response, for what this class doesn't offer. */
  public Response response() {
    return response;
  }

  /** A parameter of the path, decoded. */
  public String path(String name) {
    String value = path.get(name);
    if (value == null) {
      throw new IllegalStateException("the route has no parameter " + name);
    }
    return value;
  }

  /** A parameter of the query, decoded; null if it is absent. */
  public @Nullable String query(String name) {
    List<String> values = query.getValuesOrEmpty(name);
    if (values.size() > 1) {
      throw new ProblemException(Problem.invalid("the query names " + name + " more than once"));
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  /** A whole number of the query. */
  public int number(String name, int usual, int least, int most) {
    String text = query(name);
    if (text == null) {
      return usual;
    }
    if (text.matches("-?[0-9]{1,9}")) {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    }
    throw outOfRange(name, least, most);
  }

  /**
   * A whole number of the query or of the body.
   *
   * @param inBody what the body says; null if it says nothing
   */
  public int number(String name, @Nullable Integer inBody, int usual, int least, int most) {
    if (inBody == null) {
      return number(name, usual, least, most);
    }
    if (query(name) != null) {
      throw new ProblemException(Problem.invalid(name + " is in the query and in the body; send it once"));
    }
    if (inBody < least || inBody > most) {
      throw outOfRange(name, least, most);
    }
    return inBody;
  }

  private static ProblemException outOfRange(String name, int least, int most) {
    return new ProblemException(Problem.invalid(name + " must be a whole number from " + least + " to " + most));
  }

  /** Whether the query says yes: {@code true} or {@code false}, which is what an absent one means. */
  public boolean flag(String name) {
    return switch (query(name)) {
      case null -> false;
      case "true", "" -> true;
      case "false" -> false;
      default -> throw new ProblemException(Problem.invalid(name + " must be true or false"));
    };
  }

  /**
   * Whether the query or the body says yes.
   *
   * @param inBody what the body says; null if it says nothing
   */
  public boolean flag(String name, @Nullable Boolean inBody) {
    if (inBody != null && query(name) != null) {
      throw new ProblemException(Problem.invalid(name + " is in the query and in the body; send it once"));
    }
    return inBody == null ? flag(name) : inBody;
  }

  /** A point in time of the query; null if it is absent. */
  public @Nullable Instant time(String name) {
    String text = query(name);
    return text == null ? null : TimeParser.standard().parse(name, text);
  }

  public @Nullable String header(String name) {
    return request.getHeaders().get(name);
  }

  /** The operation that {@code If-Match} names; null if any state will do. */
  public @Nullable OperationId expected() {
    String tag = header("If-Match");
    if (tag == null || tag.equals("*")) {
      return null;
    }
    if (!tag.matches(OPERATION_TAG)) {
      throw new ProblemException(Problem.invalid("If-Match must be the ETag of the memory as it was read"));
    }
    return OperationId.parse(tag.substring(1, tag.length() - 1));
  }

  /**
   * Reads the body as JSON.
   *
   * @throws ProblemException if it is too large, or not of this form
   * @throws IOException if the connection fails
   */
  public <T> T body(Class<T> type) throws IOException {
    requireType("application/json");
    try (InputStream input = input(longestBody)) {
      return json.read(input, type);
    }
  }

  /**
   * Reads the body as JSON, if there is one.
   *
   * @return null if there is none
   * @throws ProblemException if it is too large, or not of this form
   * @throws IOException if the connection fails
   */
  public <T> @Nullable T bodyIfAny(Class<T> type) throws IOException {
    return hasBody() ? body(type) : null;
  }

  private boolean hasBody() {
    return request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING) || request.getLength() > 0;
  }

  /**
   * Checks that there is no body, or one that says nothing: blank, or an empty JSON object, which some clients always send.
   *
   * @throws ProblemException if it says something, which would be lost
   * @throws IOException if the connection fails
   */
  void requireNoBody() throws IOException {
    if (!hasBody()) {
      return;
    }
    try (InputStream input = input(LONGEST_EMPTY_BODY)) {
      String text = new String(input.readAllBytes(), StandardCharsets.UTF_8);
      if (text.isBlank() || text.replaceAll("\\s", "").equals("{}")) {
        return;
      }
    } catch (ProblemException tooLarge) {
      // It says something.
    }
    throw new ProblemException(Problem.invalid("this path takes no body; what it can be told is in the path and the "
        + "query, and /openapi.json describes it"));
  }

  /** @throws ProblemException if the body is declared as something else; none declared will do */
  public void requireType(String... accepted) {
    String type = header(HttpHeader.CONTENT_TYPE.asString());
    if (type == null) {
      return;
    }
    String plain = type.split(";", 2)[0].strip();
    for (String one : accepted) {
      if (one.equalsIgnoreCase(plain)) {
        return;
      }
    }
    throw new ProblemException(Problem.of(415, "unsupported-media-type", "The body has another form",
        "the Content-Type must be " + String.join(" or ", accepted)));
  }

  /** The body as a stream, of at most this many bytes; a longer one is reported as a problem while it is read. */
  public InputStream input(long most) {
    long length = request.getLength();
    if (length > most) {
      throw tooLarge(most);
    }
    return new LimitedInput(Content.Source.asInputStream(request), most);
  }

  static ProblemException tooLarge(long most) {
    return new ProblemException(Problem.of(413, "too-large", "The body is too large",
        "the body has more than " + most + " bytes; send less at once"));
  }

  /** Sets the ETag of a memory in the state that an operation made. */
  public Exchange tag(OperationId op) {
    return header(HttpHeader.ETAG.asString(), "\"" + op + "\"");
  }

  public Exchange header(String name, String value) {
    response.getHeaders().put(name, value);
    return this;
  }

  /** Responds with a value as JSON. */
  public void respond(int status, Object value) {
    respond(status, "application/json", json.write(value));
  }

  public void respond(int status, String contentType, byte[] bytes) {
    response.setStatus(status);
    header(HttpHeader.CONTENT_TYPE.asString(), contentType);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
    body = bytes;
  }

  /** Responds without a body. */
  public void respond(int status) {
    response.setStatus(status);
    body = new byte[0];
  }

  void respond(Problem problem) {
    problem.headers().forEach(this::header);
    respond(problem.status(), Problem.CONTENT_TYPE, json.write(problem.document()));
  }

  /** Begins a response whose body is written piece by piece; a write waits while the caller doesn't read. */
  public OutputStream stream(int status, String contentType) {
    response.setStatus(status);
    header(HttpHeader.CONTENT_TYPE.asString(), contentType);
    OutputStream begun = Content.Sink.asOutputStream(response);
    output = begun;
    return begun;
  }

  /** The body to send, if it is known as a whole; otherwise null. */
  byte @Nullable [] wholeBody() {
    return body;
  }

  /** The stream that was begun, if any. */
  @Nullable
  OutputStream begunStream() {
    return output;
  }

  /** A parameter that must be there. */
  public String required(String name) {
    String value = query(name);
    if (value == null) {
      throw new InvalidInputException("the query must have " + name);
    }
    return value;
  }
}
