package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.model.Memory;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.SearchHit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/** Memories, search hits and embedding endpoints as lines for people. */
final class MemoryLayout {

  private static final int SHORTENED = 270;

  private MemoryLayout() {}

  /** The text with its speaker. */
  static String said(Memory memory) {
    return memory.searchableText();
  }

  /** A hit: rank, score and text; then the time, the scope and the id. */
  static List<String> hit(int rank, SearchHit hit) {
    List<String> lines = new ArrayList<>();
    String lead = String.format(Locale.ROOT, "%3d  %.2f  ", rank, hit.score());
    String text = TextLayout.shortened(said(hit.memory()), SHORTENED);
    for (String line : TextLayout.wrap(text, TextLayout.COLUMNS - lead.length())) {
      lines.add(lead + line);
      lead = " ".repeat(lead.length());
    }
    lines.add(lead + about(hit.memory()));
    Explanation explanation = hit.explanation();
    if (explanation != null) {
      lines.add(lead + explained(explanation));
    }
    return lines;
  }

  /** The parts of a score: what each kind of search contributes, and what changes the sum. */
  private static String explained(Explanation explanation) {
    StringJoiner joiner = new StringJoiner("  ");
    Explanation.Part semantic = explanation.semantic();
    if (semantic != null) {
      joiner.add(String.format(Locale.ROOT, "meaning %.3f (rank %d, cosine %.3f)", semantic.share(), semantic.rank(),
          semantic.score()));
    }
    Explanation.Part lexical = explanation.lexical();
    if (lexical != null) {
      joiner.add(String.format(Locale.ROOT, "words %.3f (rank %d, BM25 %.2f)", lexical.share(), lexical.rank(),
          lexical.score()));
    }
    if (explanation.lent() > 0) {
      joiner.add(String.format(Locale.ROOT, "lent %.3f", explanation.lent()));
    }
    if (explanation.lentByRun() > 0) {
      joiner.add(String.format(Locale.ROOT, "run %.3f", explanation.lentByRun()));
    }
    explanation.factors().forEach(
        (part, factor) -> joiner.add(String.format(Locale.ROOT, "%s x %.3f", TextLayout.name(part), factor)));
    if (explanation.recency() < 1) {
      joiner.add(String.format(Locale.ROOT, "recency x %.3f", explanation.recency()));
    }
    return joiner.toString();
  }

  /** When it happened or else was stored, its scope, its id, and when it expires. */
  static String about(Memory memory) {
    Instant occurred = memory.occurredAt();
    Instant expires = memory.expiresAt();
    return TextLayout.minute(occurred == null ? memory.createdAt() : occurred) + "  "
        + TextLayout.shortened(memory.scope().toString(), 40) + "  " + memory.id()
        + (expires == null ? "" : "  expires " + TextLayout.minute(expires));
  }

  /** A table of embedding endpoints, with their state and their figures. */
  static List<String> endpoints(List<EndpointStats> endpoints) {
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT, "  %-16s %-8s %9s %9s %8s %7s %8s %8s %8s", "", "", "in flight", "requests",
        "texts", "failed", "texts/s", "p50 ms", "p99 ms"));
    for (EndpointStats endpoint : endpoints) {
      lines.add(String.format(Locale.ROOT, "  %-16s %-8s %9s %9s %8s %7s %8.0f %8.0f %8.0f",
          TextLayout.shortened(endpoint.name(), 16), TextLayout.name(endpoint.state()),
          endpoint.inFlight() + " of " + endpoint.limit(), TextLayout.number(endpoint.requests()),
          TextLayout.number(endpoint.items()), TextLayout.number(endpoint.busy() + endpoint.failed()),
          endpoint.itemsPerSecond(), endpoint.p50().toNanos() / 1e6, endpoint.p99().toNanos() / 1e6));
      if (!endpoint.reason().isEmpty()) {
        lines.add("    " + TextLayout.shortened(endpoint.reason(), TextLayout.COLUMNS - 4));
      }
    }
    return lines;
  }
}
