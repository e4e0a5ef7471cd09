package dev.memlane.extraction;

/**
 * What was asked of a model, and is to be paid.
 *
 * @param calls how many answers it gave; attempts that failed are not counted
 * @param promptTokens the tokens of the questions, as far as the servers say
 * @param completionTokens the tokens of the answers, as far as the servers say
 */
public record ModelUsage(long calls, long promptTokens, long completionTokens) {

  static final ModelUsage NONE = new ModelUsage(0, 0, 0);

  ModelUsage plus(ModelUsage other) {
    return new ModelUsage(calls + other.calls, promptTokens + other.promptTokens,
        completionTokens + other.completionTokens);
  }

  ModelUsage plus(ChatAnswer answer) {
    return new ModelUsage(calls + 1, promptTokens + Math.max(0, answer.promptTokens()),
        completionTokens + Math.max(0, answer.completionTokens()));
  }
}
