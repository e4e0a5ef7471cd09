package dev.memlane.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.memlane.model.ConversationMessage;
import java.util.ArrayList;
import java.util.List;

/**
 * The newest messages of a conversation, by LangChain4j's rules.
 *
 * <p>
 * There is one system message, the newest, and it comes first and stays. Of the others the oldest leave until the number
 * fits. Results of tools leave together with their calls, because models refuse results without calls. A result that comes
 * after its call has left is not shown.
 *
 * @param kept what a model is shown
 * @param leaving what leaves, in the order of the conversation
 */
record MessageWindow(List<Entry> kept, List<Entry> leaving) {

  /** A message in both forms. */
  record Entry(ConversationMessage stored, ChatMessage message) {

    static Entry of(ConversationMessage stored) {
      return new Entry(stored, ChatMessages.decode(stored));
    }
  }

  /**
   * Chooses what stays.
   *
   * @param entries in the order of the conversation
   * @param most how many may stay, at least 1
   */
  static MessageWindow of(List<Entry> entries, int most) {
    List<Entry> kept = new ArrayList<>();
    List<Entry> leaving = new ArrayList<>();
    Entry system = null;
    for (Entry entry : entries) {
      if (!(entry.message() instanceof SystemMessage)) {
        kept.add(entry);
      } else {
        if (system != null) {
          leaving.add(system);
        }
        system = entry;
      }
    }
    int room = system == null ? most : most - 1;
    while (kept.size() > room && !kept.isEmpty()) {
      Entry oldest = kept.removeFirst();
      leaving.add(oldest);
    }
    // Also those whose call left before they came.
    while (!kept.isEmpty() && kept.getFirst().message() instanceof ToolExecutionResultMessage) {
      leaving.add(kept.removeFirst());
    }
    if (system != null) {
      kept.addFirst(system);
    }
    leaving.sort((a, b) -> Long.compare(a.stored().position(), b.stored().position()));
    return new MessageWindow(List.copyOf(kept), List.copyOf(leaving));
  }

  List<ChatMessage> messages() {
    return kept.stream().map(Entry::message).toList();
  }
}
