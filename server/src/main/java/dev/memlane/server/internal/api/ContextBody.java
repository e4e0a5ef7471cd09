package dev.memlane.server.internal.api;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.ContextRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request for a prompt's context in the body of a request. Values that are absent have the defaults of
 * {@link ContextRequest}.
 *
 * @param search the memories to choose from; {@value ContextRequest#CANDIDATES} of them if it has no limit
 * @param conversation a scope with a run
 */
record ContextBody(@Nullable SearchBody search, @Nullable Integer tokens, @Nullable List<MemoryId> pinned,
    @Nullable Scope conversation, @Nullable Double conversationShare) {

  /** @throws InvalidInputException if a value is missing or out of its range */
  ContextRequest toRequest(MemoryAccess access) {
    if (search == null) {
      throw new InvalidInputException("search is missing; say what the prompt is about");
    }
    if (tokens == null) {
      throw new InvalidInputException("tokens is missing; say how long the context may be");
    }
    ContextRequest request = ContextRequest.of(search.withUsualLimit(ContextRequest.CANDIDATES).toRequest(access),
        tokens);
    if (pinned != null) {
      // The memory leaves out those outside of the scopes of the search, which the caller may reach.
      request = request.withPinned(pinned);
    }
    if (conversationShare != null) {
      request = request.withConversationShare(conversationShare);
    }
    return conversation == null ? request : request.withConversation(access.conversation(conversation));
  }
}
