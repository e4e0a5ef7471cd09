package dev.memlane.orchestrator.internal.prompt;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.TextForm;
import dev.memlane.orchestrator.ContextRequest;
import dev.memlane.orchestrator.PromptContext;
import dev.memlane.orchestrator.PromptContext.LeftOut;
import dev.memlane.orchestrator.PromptContext.Reason;
import dev.memlane.orchestrator.SearchHit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The packing of memories and messages into a number of tokens.
 *
 * <p>
 * Pinned memories come first; then the newest messages, up to the conversation's share; then the memories, best first, each if
 * it fits; then older messages with what is left. The messages are the end of the conversation without a gap. Not safe for use by several
 * threads; one packer makes one context.
 */
public final class ContextPacker {

  private final ContextRequest request;
  private final ToIntFunction<String> counter;
  private final List<Memory> pinned = new ArrayList<>();
  private final List<SearchHit> memories = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();
  private final Set<String> said = new HashSet<>();
  private int room;

  private ContextPacker(ContextRequest request) {
    this.request = request;
    this.counter = request.counter();
    this.room = request.tokens();
  }

  /**
   * @param pinnedMemories in the order of the request
   * @param hits best first
   * @param window the end of the conversation's window, oldest first; empty for none
   * @param before how many messages the window has before them
   */
  public static Packed pack(ContextRequest request, List<Memory> pinnedMemories, List<SearchHit> hits,
      List<ConversationMessage> window, long before) {
    return new ContextPacker(request).pack(pinnedMemories, hits, window, before);
  }

  /**
   * What was packed.
   *
   * @param hasRoom whether there was room for all of the messages, so that older ones may fit as well. Otherwise older ones would
   * change nothing
   */
  public record Packed(PromptContext context, boolean hasRoom) {}

  private Packed pack(List<Memory> pinnedMemories, List<SearchHit> hits, List<ConversationMessage> window,
      long before) {
    for (Memory memory : pinnedMemories) {
      if (take(memory, Set.of())) {
        pinned.add(memory);
      }
    }
    List<ConversationMessage> spoken = window.stream().filter(ContextPacker::isSpoken).toList();
    int share = (int) (request.tokens() * request.conversationShare());
    int from = takeMessages(spoken, spoken.size(), share);
    Set<String> heard = new HashSet<>();
    spoken.subList(from, spoken.size()).forEach(message -> heard.add(form(String.valueOf(message.text()))));
    for (SearchHit hit : hits) {
      if (!request.pinned().contains(hit.memory().id()) && take(hit.memory(), heard)) {
        memories.add(hit);
      }
    }
    from = takeMessages(spoken, from, room);
    return new Packed(context(spoken.subList(from, spoken.size()), from + before), from == 0);
  }

  /** Whether a message may be part of the text. */
  public static boolean isSpoken(ConversationMessage message) {
    String text = message.text();
    return text != null && !TextForm.isBlank(text)
        && (message.role() == MessageRole.USER || message.role() == MessageRole.ASSISTANT);
  }

  private static String form(String text) {
    return TextForm.of(text).strip();
  }

  /**
   * Takes messages from the newest on, until one does not fit.
   *
   * @param until the index of the oldest one that was taken before
   * @return the index of the oldest one that is taken now
   */
  private int takeMessages(List<ConversationMessage> spoken, int until, int share) {
    int left = Math.min(share, room);
    int from = until;
    while (from > 0) {
      int cost = cost(ContextText.line(spoken.get(from - 1)))
          + (from == spoken.size() ? cost(ContextText.BETWEEN + ContextText.CONVERSATION) : 0);
      if (cost > left) {
        break;
      }
      left -= cost;
      room -= cost;
      from--;
    }
    return from;
  }

  /** Takes a memory if it fits and says something new; otherwise notes why not. */
  private boolean take(Memory memory, Set<String> heard) {
    String form = form(memory.content());
    int cost = cost(ContextText.item(memory)) + (said.isEmpty() ? cost(ContextText.MEMORIES) : 0);
    @Nullable
    Reason reason = heard.contains(form)
        ? Reason.IN_CONVERSATION
        : said.contains(form) ? Reason.REPEATED : cost > room ? Reason.NO_ROOM : null;
    if (reason != null) {
      leftOut.add(new LeftOut(memory.id(), reason));
      return false;
    }
    said.add(form);
    room -= cost;
    return true;
  }

  private int cost(String text) {
    return Math.max(0, counter.applyAsInt(text));
  }

  /**
   * Makes the context. A counter may find more tokens in the whole text than in its parts; then the worst memories, after
   * them the oldest messages, and last the pinned memories give way.
   */
  private PromptContext context(List<ConversationMessage> taken, long older) {
    List<ConversationMessage> messages = new ArrayList<>(taken);
    long olderMessages = older;
    while (true) {
      List<SearchHit> ordered = memories.stream().sorted(ContextText.BY_TIME).toList();
      String text = ContextText.of(
          Stream.concat(pinned.stream(), ordered.stream().map(SearchHit::memory)).toList(), messages);
      int tokens = text.isEmpty() ? 0 : cost(text);
      if (tokens <= request.tokens() || text.isEmpty()) {
        return new PromptContext(text, tokens, pinned, ordered, messages, leftOut,
            (int) Math.min(Integer.MAX_VALUE, olderMessages));
      }
      if (!memories.isEmpty()) {
        leftOut.add(new LeftOut(memories.removeLast().memory().id(), Reason.NO_ROOM));
      } else if (!messages.isEmpty()) {
        messages.removeFirst();
        olderMessages++;
      } else {
        leftOut.add(new LeftOut(pinned.removeLast().id(), Reason.NO_ROOM));
      }
    }
  }
}
