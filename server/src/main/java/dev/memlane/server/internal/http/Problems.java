package dev.memlane.server.internal.http;

import dev.memlane.archive.ArchiveException;
import dev.memlane.extraction.BudgetUsedUpException;
import dev.memlane.extraction.ChatException;
import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.RerankingException;
import dev.memlane.model.WriteOutcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The problems that exceptions and outcomes are reported as. */
public final class Problems {

  private static final System.Logger LOGGER = System.getLogger("dev.memlane.server");

  private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'",
      Locale.US);

  private Problems() {}

  /** The problem of a request that has failed. What nobody expected is logged, and the caller gets a number of it. */
  public static Problem of(Throwable failure) {
    return switch (failure) {
      case ProblemException problem -> problem.problem();
      case InvalidInputException invalid -> Problem.invalid(String.valueOf(invalid.getMessage()));
      case MemoryWriteException write -> of(write.outcome());
      case EmbeddingException embedding -> embedding(embedding);
      case ChatException chat -> Problem.of(502, "model-failed", "The chat model failed",
          String.valueOf(chat.getMessage()));
      case BudgetUsedUpException usedUp -> budgetUsedUp(usedUp.until(), String.valueOf(usedUp.getMessage()));
      case RerankingException reranking -> Problem.of(502, "reranking-failed", "The re-ranker failed",
          String.valueOf(reranking.getMessage()));
      case DamagedIndexException damaged -> Problem.unavailable(String.valueOf(damaged.getMessage()));
      case InDoubtException doubt -> Problem.unavailable(String.valueOf(doubt.getMessage()));
      case ArchiveException archive -> Problem.of(400,
          archive.reason() == ArchiveException.Reason.NEWER_FORMAT ? "newer-archive" : "not-an-archive",
          "The body is no archive",
          String.valueOf(archive.getMessage()));
      case ExpiredCursorException expired -> Problem.of(410, "cursor-expired", "The cursor has expired",
          String.valueOf(expired.getMessage()));
      case MemlaneException store -> Problem.unavailable(String.valueOf(store.getMessage()));
      case HttpException http -> http(http);
      case IOException io when io.getCause() instanceof TimeoutException -> timedOut();
      case TimeoutException timeout -> timedOut();
      case EofException eof -> connectionLost();
      case IOException io -> connectionLost();
      default -> unexpected(failure);
    };
  }

  /** Responds with a problem. */
  public static void send(Problem problem, Response response, Callback callback, Json json) {
    byte[] bytes = json.write(problem.document());
    response.setStatus(problem.status());
    problem.headers().forEach(response.getHeaders()::put);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
    response.write(true, ByteBuffer.wrap(bytes), callback);
  }

  /** The problem document of one item of a batch. */
  public static Map<String, @Nullable Object> describe(RuntimeException failure) {
    return of(failure).document();
  }

  /** The problem of a request that needs a chat model, whose budget of the day is used up. */
  public static Problem budgetUsedUp(Instant until, String detail) {
    return Problem.of(429, "budget-used-up", "The chat model's budget is used up", detail)
        .with("until", until.toString())
        .header("Retry-After", HTTP_DATE.format(until.atOffset(ZoneOffset.UTC)));
  }

  private static Problem connectionLost() {
    return Problem.of(400, "connection-lost", "The request ended too early", "the connection ended before the request");
  }

  private static Problem http(HttpException http) {
    int code = http.getCode();
    return code == 408
        ? timedOut()
        : Problem.of(code, "bad-request", "The request is no valid HTTP", String.valueOf(http.getReason()));
  }

  private static Problem timedOut() {
    return Problem.of(408, "timed-out", "The request came too slowly", "send the whole request at once");
  }

  private static Problem unexpected(Throwable failure) {
    UUID number = UUID.randomUUID();
    LOGGER.log(System.Logger.Level.ERROR, "an internal error, number " + number, failure);
    return Problem.of(500, "internal-error", "The server has a defect",
        "an internal error; the server's log has more under number " + number);
  }

  private static Problem embedding(EmbeddingException failure) {
    return Problem.of(502, "embedding-failed", "The text could not be embedded", String.valueOf(failure.getMessage()));
  }

  /**
   * The problem of a write that did not do what was requested. It has the members of the outcome in JSON, so that it reads as
   * one.
   */
  public static Problem of(WriteOutcome outcome) {
    Problem problem = switch (outcome) {
      case WriteOutcome.Conflict conflict -> Problem.of(conflict.expected() == null ? 409 : 412, "conflict",
          "The memory is in another state than expected", outcome.describe()).with("id", conflict.id())
          .with("expected", conflict.expected()).with("found", conflict.found());
      case WriteOutcome.NotFound notFound -> Problem.notFound(outcome.describe()).with("id", notFound.id());
      case WriteOutcome.WasDeleted deleted -> Problem.of(409, "was-deleted", "The memory was deleted",
          outcome.describe() + "; add it with \"revive\": true to restore it").with("id", deleted.id())
          .with("op", deleted.op());
      case WriteOutcome.RolledBack rolledBack -> Problem.of(503, "rolled-back", "Nothing was written",
          outcome.describe()).with("id", rolledBack.id()).with("op", rolledBack.op())
          .with("message", rolledBack.cause().getMessage()).header("Retry-After", "1");
      case WriteOutcome.Unsettled unsettled -> Problem.of(504, "unsettled",
          "It is not known yet whether it was written",
          "it is not known yet whether the write landed; ask at the path in \"operation\" later, or repeat it under its key")
          .with("id", unsettled.id()).with("op", unsettled.op()).with("message", unsettled.cause().getMessage())
          .with("operation", "/api/v1/operations/" + unsettled.id() + "/" + unsettled.op());
      case WriteOutcome.Unpurged unpurged -> Problem.of(503, "unpurged", "Deleted, but not erased yet",
          outcome.describe()).with("id", unpurged.id()).with("op", unpurged.op())
          .with("message", unpurged.cause().getMessage());
      case WriteOutcome.Refused refused -> refused(refused).with("reason", refused.reason());
      case WriteOutcome.Stored stored -> throw succeeded(outcome);
      case WriteOutcome.Replaced replaced -> throw succeeded(outcome);
      case WriteOutcome.Deleted deleted -> throw succeeded(outcome);
      case WriteOutcome.DuplicateOf duplicate -> throw succeeded(outcome);
    };
    return problem.with("outcome", outcome.name());
  }

  private static Problem refused(WriteOutcome.Refused refused) {
    return switch (refused.cause()) {
      case InvalidInputException invalid -> Problem.invalid(refused.describe());
      case EmbeddingException embedding -> embedding(embedding);
      case null, default -> Problem.unavailable(refused.describe());
    };
  }

  private static IllegalArgumentException succeeded(WriteOutcome outcome) {
    return new IllegalArgumentException("the outcome is no problem: " + outcome.name());
  }
}
