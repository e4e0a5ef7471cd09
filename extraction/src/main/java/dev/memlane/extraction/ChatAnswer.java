package dev.memlane.extraction;

import dev.memlane.endpoints.Allowance;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A chat model's answer.
 *
 * @param text what it says; what it gave as its reason if it refused
 * @param end why it ends there
 * @param promptTokens the tokens of the question, as the server counted them; negative if it doesn't say
 * @param completionTokens the tokens of the answer, likewise
 * @param allowance what the endpoint would still accept; null if it doesn't say
 */
public record ChatAnswer(String text, End end, long promptTokens, long completionTokens,
    @Nullable Allowance allowance) {

  /** Why an answer ends. */
  public enum End {
    /** The model had said everything. */
    COMPLETE,
    /** The limit of tokens cut it off. */
    CUT_OFF,
    /** The model, or a filter of its provider, refused. */
    REFUSED
  }

  public ChatAnswer {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(end, "end");
  }

  /** Without the text, which belongs in no log. */
  @Override
  public String toString() {
    return "ChatAnswer[" + end + ", " + text.length() + " characters]";
  }
}
