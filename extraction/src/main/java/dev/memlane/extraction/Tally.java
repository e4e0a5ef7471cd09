package dev.memlane.extraction;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a call has done so far. For use by one thread. */
final class Tally {

  private final List<FactOutcome> facts = new ArrayList<>();
  private ModelUsage usage;
  private long messages;
  private int deadLetters;

  Tally() {
    this(ModelUsage.NONE);
  }

  /** @param paid what was asked of the model before */
  Tally(ModelUsage paid) {
    this.usage = paid;
  }

  void paid(ChatAnswer answer) {
    usage = usage.plus(answer);
  }

  void decided(FactOutcome outcome) {
    facts.add(outcome);
  }

  void read(int count) {
    messages += count;
  }

  void add(Tally other) {
    facts.addAll(other.facts);
    usage = usage.plus(other.usage);
    messages += other.messages;
    deadLetters += other.deadLetters;
  }

  void buried() {
    deadLetters++;
  }

  RememberReport report(@Nullable BudgetPause pause) {
    return new RememberReport(messages, facts, usage, deadLetters, pause);
  }
}
