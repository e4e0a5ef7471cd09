package dev.memlane.extraction;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MessagePage;
import dev.memlane.storage.conversation.RememberedSlice;
import dev.memlane.storage.conversation.RememberingStore.Progress;
import java.util.Optional;

/**
 * A cutter of conversations into slices, each of as many messages as one call of the model reads. Safe for use by several
 * threads.
 */
final class SliceCutter {

  private static final int PAGE = 1_000;

  private final MemoryOrchestrator memory;
  private final int messagesPerCall;
  private final int charactersPerCall;

  SliceCutter(MemoryOrchestrator memory, int messagesPerCall, int charactersPerCall) {
    this.memory = memory;
    this.messagesPerCall = messagesPerCall;
    this.charactersPerCall = charactersPerCall;
  }

  /**
   * Returns the slice to go on with: the one that has been begun, or else the next one; empty if there is nothing left.
   *
   * @param until the position of the last message that is to be remembered
   */
  Optional<RememberedSlice> next(Scope conversation, Progress progress, long until) {
    return progress.underWay().isEmpty()
        ? cut(conversation, progress, until)
        : Optional.of(progress.underWay().getFirst());
  }

  private Optional<RememberedSlice> cut(Scope conversation, Progress progress, long until) {
    if (progress.remembered() >= until) {
      return Optional.empty();
    }
    MessagePage page = BlockingMemory.await(
        memory.conversations().messages(conversation, progress.remembered(), Math.min(PAGE, messagesPerCall)));
    if (page.messages().isEmpty()) {
      // It is being deleted.
      return Optional.empty();
    }
    long last = 0;
    long characters = 0;
    for (ConversationMessage message : page.messages()) {
      characters += Extraction.shownLength(message);
      if (last != 0 && (characters > charactersPerCall || message.position() > until)) {
        break;
      }
      last = message.position();
    }
    return Optional.of(new RememberedSlice(conversation, progress.number(), progress.remembered(), last));
  }
}
