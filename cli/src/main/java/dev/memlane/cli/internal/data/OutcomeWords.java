package dev.memlane.cli.internal.data;

import dev.memlane.model.WriteOutcome;

/** Outcomes of writes in the words of the command line. Those of the library advise callers in Java. */
public final class OutcomeWords {

  private OutcomeWords() {}

  /** One sentence: what happened, and what to do. */
  public static String describe(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Unsettled unsettled
        ? "it is not known yet whether operation " + unsettled.op() + " of memory " + unsettled.id()
            + " landed; 'memlane operation " + unsettled.id() + " " + unsettled.op() + "' finds it out: "
            + unsettled.cause().getMessage()
        : outcome.describe();
  }
}
