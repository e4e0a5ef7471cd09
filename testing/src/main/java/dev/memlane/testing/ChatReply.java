package dev.memlane.testing;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ChatProvider} does with a request: the answer that its script gives, or one of the ways in which real
 * servers and models misbehave.
 *
 * @param status the HTTP status
 * @param content what the model says; null for a body of its own
 * @param refusal why the model refuses; null if it doesn't
 * @param finishReason why the answer ends there
 * @param body the whole body; null for that of an answer
 * @param retryAfter how long the server asks to be left alone; null if it doesn't say
 * @param until the answer is held until this is done
 * @param whole whether all of it is sent before the connection is closed, or half
 */
public record ChatReply(int status, @Nullable String content, @Nullable String refusal, String finishReason,
    @Nullable String body, @Nullable Duration retryAfter, CompletableFuture<?> until, boolean whole) {

  private static final CompletableFuture<?> AT_ONCE = CompletableFuture.completedFuture(null);

  /** Answers with a text, right or wrong: JSON, JSON within other text, or none. */
  public static ChatReply text(String content) {
    return new ChatReply(200, content, null, "stop", null, null, AT_ONCE, true);
  }

  /** Answers with the first half of a text, because the limit of tokens is reached. */
  public static ChatReply cutOff(String content) {
    return new ChatReply(200, content.substring(0, content.length() / 2), null, "length", null, null, AT_ONCE, true);
  }

  /** Refuses to answer. */
  public static ChatReply refusal(String reason) {
    return new ChatReply(200, null, reason, "stop", null, null, AT_ONCE, true);
  }

  /** Answers with a status and a body. */
  public static ChatReply status(int status, String body) {
    return new ChatReply(status, null, null, "stop", body, null, AT_ONCE, true);
  }

  /** Answers that it has too much to do (429). */
  public static ChatReply busy(Duration retryAfter) {
    return new ChatReply(429, null, null, "stop", "{\"error\":{\"message\":\"Rate limit reached\"}}", retryAfter,
        AT_ONCE,
        true);
  }

  /** Closes the connection in the middle of the answer. */
  public ChatReply brokenOff() {
    return new ChatReply(status, content, refusal, finishReason, body, retryAfter, until, false);
  }

  /** Holds the answer until a future is done; for ever, if it never is. */
  public ChatReply after(CompletableFuture<?> future) {
    return new ChatReply(status, content, refusal, finishReason, body, retryAfter, future, whole);
  }
}
