package dev.memlane.orchestrator;

import dev.memlane.endpoints.Tokens;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import java.util.List;
import java.util.Objects;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a prompt is to be given: the memories that a search finds, and the end of a conversation, within a number of tokens.
 *
 * <pre>{@code
 * ContextRequest.of("where does Ada live?", Scope.user("ada"), 800)
 * ContextRequest.of(SearchRequest.builder("travel plans").scope(ada).limit(100).minWords(1).build(), 2_000)
 *     .withConversation(ada.withRun("2026-03-02")).withConversationShare(0.7)
 * }</pre>
 *
 * @param search finds the memories to choose from, best first
 * @param pinned memories that come before all others, in this order, whatever the search finds; those that are not live, or
 * not in the scopes of the search, are left out
 * @param tokens the most tokens of the text, 1 to {@value #MOST_TOKENS}
 * @param conversation a scope with a run: the end of this conversation's window is part of the text; null for none
 * @param conversationShare how much of the tokens the conversation gets before the memories do, 0 to 1. What the memories
 * leave goes to older messages
 * @param counter how many tokens a text has. By default an estimate on the high side, which knows no model
 */
public record ContextRequest(SearchRequest search, int tokens, List<MemoryId> pinned, @Nullable Scope conversation,
    double conversationShare, ToIntFunction<String> counter) {

  /** The largest number of tokens. */
  public static final int MOST_TOKENS = 1_000_000;
  /** How many memories are chosen from, where the search does not say. */
  public static final int CANDIDATES = 50;

  /** The most pinned memories. */
  public static final int MOST_PINNED = 100;

  private static final double SHARE = 0.5;

  /**
   * @throws InvalidInputException if a number is out of its range, or the conversation has no run
   */
  public ContextRequest {
    Objects.requireNonNull(search, "search");
    pinned = List.copyOf(pinned);
    Objects.requireNonNull(counter, "counter");
    if (tokens < 1 || tokens > MOST_TOKENS) {
      throw new InvalidInputException("the context has " + tokens + " tokens; it must be 1 to " + MOST_TOKENS);
    }
    if (pinned.size() > MOST_PINNED) {
      throw new InvalidInputException(pinned.size() + " memories are pinned; the limit is " + MOST_PINNED);
    }
    if (!(conversationShare >= 0 && conversationShare <= 1)) {
      throw new InvalidInputException(
          "the conversation's share is " + conversationShare + "; it must be between 0 and 1");
    }
    if (conversation != null && conversation.run() == null) {
      throw new InvalidInputException("the conversation is named by a scope without a run; add its run");
    }
  }

  /** The memories that best match a query, out of {@value #CANDIDATES}. */
  public static ContextRequest of(String query, Scope scope, int tokens) {
    return of(SearchRequest.builder(query).scope(scope).limit(CANDIDATES).build(), tokens);
  }

  /** The best memories of a search, out of as many as it finds. */
  public static ContextRequest of(SearchRequest search, int tokens) {
    return new ContextRequest(search, tokens, List.of(), null, SHARE, Tokens::estimate);
  }

  /** The same, with memories that come before all others, in this order, such as a profile; at most {@value #MOST_PINNED}. */
  public ContextRequest withPinned(List<MemoryId> newPinned) {
    return new ContextRequest(search, tokens, newPinned, conversation, conversationShare, counter);
  }

  /** The same, with the end of this conversation's window. */
  public ContextRequest withConversation(@Nullable Scope newConversation) {
    return new ContextRequest(search, tokens, pinned, newConversation, conversationShare, counter);
  }

  /** The same, with another share for the conversation; 0.5 by default. */
  public ContextRequest withConversationShare(double newShare) {
    return new ContextRequest(search, tokens, pinned, conversation, newShare, counter);
  }

  /** The same, with a tokenizer's way to count. It is called for each line, so it should be quick. */
  public ContextRequest withCounter(ToIntFunction<String> newCounter) {
    return new ContextRequest(search, tokens, pinned, conversation, conversationShare, newCounter);
  }
}
