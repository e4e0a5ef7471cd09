package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.conversation.RememberCounts;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the facts of a data set as a whole, beside how well they are found.
 *
 * @param maker what made them
 * @param messages how many messages the conversations have
 * @param facts how many facts there are, by this run and earlier ones
 * @param sources how many messages they come from, added up over the facts
 * @param characters how long they are together
 * @param reachable the share of the evidence that some fact comes from, the mean over questions: no search of facts finds more
 * @param lost what could not be remembered, by this run and earlier ones
 * @param counts what this run has remembered, and what it has asked of the model
 */
public record FactFigures(String maker, long messages, long facts, long sources, long characters, double reachable,
    List<Lost> lost, RememberCounts counts) {

  /** The name of what made them. */
  static final String MAKER = "by";

  private static final int MOST_REASONS = 10;
  private static final int LONGEST_REASON = 200;

  /** A part of a conversation that could not be remembered, and why. */
  record Lost(String conversation, long messages, String reason) {}

  public FactFigures {
    lost = List.copyOf(lost);
  }

  /** Whether all messages were remembered. */
  public boolean complete() {
    return lost.isEmpty();
  }

  /** What is missing, for people; only if something is. */
  public String missing() {
    return TextLayout.number(lost.size()) + (lost.size() == 1 ? " part" : " parts") + " with "
        + TextLayout.number(lostMessages()) + " messages could not be remembered, so no fact comes from them";
  }

  private long lostMessages() {
    return lost.stream().mapToLong(Lost::messages).sum();
  }

  private double for100Messages() {
    return messages == 0 ? 0 : 100.0 * facts / messages;
  }

  private double each(long sum) {
    return facts == 0 ? 0 : (double) sum / facts;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT,
        "%,d facts by %s: %.1f for each 100 messages, each from %.1f messages and of %.0f characters", facts,
        TextLayout.line(maker), for100Messages(), each(sources), each(characters)));
    lines.add(String.format(Locale.ROOT, "%.3f of the evidence is in messages that facts come from", reachable));
    lines.add("this run: " + counts.summary());
    if (!complete()) {
      lines.add(missing() + ":");
      lost.stream().limit(MOST_REASONS).forEach(each -> lines.add("  " + TextLayout.line(each.conversation) + ", "
          + TextLayout.number(each.messages) + " messages: " + TextLayout.shortened(each.reason, LONGEST_REASON)));
      if (lost.size() > MOST_REASONS) {
        lines.add("  and " + TextLayout.number(lost.size() - MOST_REASONS) + " more");
      }
    }
    return lines;
  }

  /** All figures are of all runs on the same data, except those in {@code thisRun}. */
  Map<String, @Nullable Object> json() {
    Map<String, @Nullable Object> json = Json.object(MAKER, maker, "messages", messages, "facts", facts,
        "for100Messages", rounded(for100Messages()), "messagesEach", rounded(each(sources)), "charactersEach",
        rounded(each(characters)), "reachable", rounded(reachable), "thisRun", counts.json());
    json.put("deadLetters", lost.stream().map(each -> Json.object("conversation", each.conversation, "messages",
        each.messages, "reason", each.reason)).toList());
    return json;
  }

  private static double rounded(double number) {
    return Math.round(number * 1e4) / 1e4;
  }
}
