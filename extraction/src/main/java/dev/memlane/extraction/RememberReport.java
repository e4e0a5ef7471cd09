package dev.memlane.extraction;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one call has remembered. What other calls or processes did for the same conversation meanwhile is not in it.
 *
 * @param messages how many messages of users and assistants it has read
 * @param facts what became of the facts in them
 * @param usage what was asked of the model
 * @param deadLetters how many slices could not be remembered; {@link MemoryExtractor#deadLetters} lists them
 * @param pause why it stopped before the conversation's end, and when it can go on; null if it did not
 */
public record RememberReport(long messages, List<FactOutcome> facts, ModelUsage usage, int deadLetters,
    @Nullable BudgetPause pause) {

  public RememberReport {
    facts = List.copyOf(facts);
  }
}
