package dev.memlane.cli.internal.conversation;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.extraction.FactOutcome;
import dev.memlane.extraction.RememberReport;
import dev.memlane.model.WriteOutcome;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What has been remembered so far, slice by slice. Safe for use by several threads. */
public final class RememberCounts {

  @GuardedBy("this")
  private long messages;
  @GuardedBy("this")
  private long added;
  @GuardedBy("this")
  private long updated;
  @GuardedBy("this")
  private long superseded;
  @GuardedBy("this")
  private long known;
  @GuardedBy("this")
  private long deadLetters;
  @GuardedBy("this")
  private long calls;
  @GuardedBy("this")
  private long promptTokens;
  @GuardedBy("this")
  private long completionTokens;

  /** Adds what was done in a slice, and returns how many messages have been read so far. */
  public synchronized long add(RememberReport slice) {
    messages += slice.messages();
    deadLetters += slice.deadLetters();
    calls += slice.usage().calls();
    promptTokens += slice.usage().promptTokens();
    completionTokens += slice.usage().completionTokens();
    for (FactOutcome fact : slice.facts()) {
      // One that was there already was written before a crash, or has been deleted since.
      switch (fact.outcome() instanceof WriteOutcome.Stored ? fact.action() : FactOutcome.Action.NONE) {
        case ADD -> added++;
        case UPDATE -> updated++;
        case SUPERSEDE -> superseded++;
        case NONE -> known++;
      }
    }
    return messages;
  }

  public synchronized long deadLetters() {
    return deadLetters;
  }

  /** The counts on one line, for people. */
  public synchronized String summary() {
    return TextLayout.number(messages) + " messages read: " + TextLayout.number(added) + " facts added, "
        + TextLayout.number(updated) + " updated, " + TextLayout.number(superseded) + " superseded, "
        + TextLayout.number(known) + " known already; " + TextLayout.number(calls)
        + (calls == 1 ? " model call, " : " model calls, ")
        + TextLayout.number(promptTokens) + " + " + TextLayout.number(completionTokens) + " tokens";
  }

  public synchronized Map<String, @Nullable Object> json() {
    return new LinkedHashMap<>(Json.object("read", messages, "added", added, "updated", updated, "superseded",
        superseded, "known", known, "deadLetters", deadLetters, "modelCalls", calls, "promptTokens", promptTokens,
        "completionTokens", completionTokens));
  }
}
