package dev.memlane.spring.ai;

import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Conversations;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Keeps the facts of an exchange: appends its messages to their conversation, and has the conversation remembered in the
 * background. Safe for use by several threads.
 *
 * <p>
 * It is apart from {@link MemlaneAdvisor}, which may be loaded without {@code memlane-extraction}.
 */
final class FactKeeping {

  /** The format of messages that only a {@link dev.memlane.extraction.MemoryExtractor} reads. */
  private static final String FORMAT = "text";

  private final Conversations conversations;
  private final BackgroundRemembering background;

  FactKeeping(Conversations conversations, BackgroundRemembering background) {
    this.conversations = conversations;
    this.background = background;
  }

  /** Completes when the messages are appended, and never fails. */
  CompletableFuture<Void> keep(Exchange exchange) {
    Scope conversation = exchange.scope();
    if (conversation.run() == null) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> appended;
    try {
      appended = conversations.window(conversation)
          .thenCompose(window -> isKeptByAChatMemory(window)
              ? CompletableFuture.<Void>completedFuture(null)
              : append(conversation, window, exchange));
    } catch (MemlaneException e) {
      appended = CompletableFuture.failedFuture(e);
    }
    return appended.handle((done, failure) -> {
      if (failure == null) {
        background.remember(conversation);
      } else {
        background.failed(failure);
      }
      return null;
    });
  }

  /** A chat memory has put the question into the window by now, and appends the answer itself. */
  private static boolean isKeptByAChatMemory(List<ConversationMessage> window) {
    return window.stream().anyMatch(message -> !message.format().equals(FORMAT));
  }

  private CompletableFuture<Void> append(Scope conversation, List<ConversationMessage> window, Exchange exchange) {
    List<NewMessage> messages = new ArrayList<>(2);
    messages.add(NewMessage.of(MessageRole.USER, exchange.question(), FORMAT, ""));
    String answer = exchange.answer();
    if (answer != null && !answer.isBlank()) {
      messages.add(NewMessage.of(MessageRole.ASSISTANT, answer, FORMAT, ""));
    }
    // The window is what a model is shown, and nobody shows these. Those that are there were left by a crash.
    return conversations.append(conversation, messages).thenCompose(stored -> conversations.leaveWindow(conversation,
        Stream.concat(window.stream(), stored.stream()).map(ConversationMessage::position).toList()));
  }
}
