package dev.memlane.orchestrator.internal.prompt;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.orchestrator.SearchHit;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** The text of a prompt's context. What a memory or message says can't begin a line, so it can't pass for another item. */
final class ContextText {

  static final String MEMORIES = "Memories:\n";
  static final String CONVERSATION = "Conversation:\n";
  static final String BETWEEN = "\n";

  static final Comparator<SearchHit> BY_TIME = Comparator
      .comparing((SearchHit hit) -> time(hit.memory())).thenComparing(hit -> hit.memory().createdAt())
      .thenComparing(hit -> hit.memory().id());

  private static final Pattern LINE_BREAK = Pattern.compile("\\R");
  private static final String CONTINUED = "\n  ";

  private ContextText() {}

  static String item(Memory memory) {
    String day = time(memory).atOffset(ZoneOffset.UTC).toLocalDate().toString();
    String actor = memory.actor() == null ? "" : indented(memory.actor()) + ": ";
    return "- [" + day + "] " + actor + indented(memory.content()) + "\n";
  }

  static String line(ConversationMessage message) {
    return message.role().name().toLowerCase(Locale.ROOT) + ": " + indented(String.valueOf(message.text())) + "\n";
  }

  /** @param memories in the order of the text */
  static String of(List<Memory> memories, List<ConversationMessage> messages) {
    StringBuilder text = new StringBuilder();
    if (!memories.isEmpty()) {
      text.append(MEMORIES);
      memories.forEach(memory -> text.append(item(memory)));
    }
    if (!messages.isEmpty()) {
      text.append(memories.isEmpty() ? "" : BETWEEN).append(CONVERSATION);
      messages.forEach(message -> text.append(line(message)));
    }
    return text.toString();
  }

  private static Instant time(Memory memory) {
    Instant occurredAt = memory.occurredAt();
    return occurredAt == null ? memory.createdAt() : occurredAt;
  }

  private static String indented(String content) {
    return LINE_BREAK.matcher(content.strip()).replaceAll(CONTINUED);
  }
}
