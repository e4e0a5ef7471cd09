package dev.memlane.spring.ai;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;

/** A model that answers what it was told to, one answer a call, and keeps the prompts. In a stream it sends one word after the other. */
final class ScriptedChatModel implements ChatModel {

  private final Deque<Object> answers = new ArrayDeque<>();
  final List<Prompt> prompts = new ArrayList<>();

  /** Adds answers: texts, messages, or exceptions. */
  ScriptedChatModel answering(Object... next) {
    answers.addAll(List.of(next));
    return this;
  }

  private AssistantMessage next(Prompt prompt) {
    prompts.add(prompt);
    return switch (Objects.requireNonNull(answers.poll(), "the script has ended")) {
      case AssistantMessage message -> message;
      case RuntimeException failure -> throw failure;
      case Object text -> new AssistantMessage(text.toString());
    };
  }

  @Override
  public ChatResponse call(Prompt prompt) {
    return response(next(prompt), "stop");
  }

  @Override
  public Flux<ChatResponse> stream(Prompt prompt) {
    return Flux.defer(() -> {
      AssistantMessage message = next(prompt);
      if (!message.getToolCalls().isEmpty()) {
        return Flux.just(response(message, "tool_calls"));
      }
      List<String> words = List.of(Objects.requireNonNull(message.getText()).split("(?<= )"));
      return Flux.range(0, words.size()).map(
          i -> response(new AssistantMessage(words.get(i)), i == words.size() - 1 ? "stop" : ""));
    });
  }

  private static ChatResponse response(AssistantMessage message, String finishReason) {
    return new ChatResponse(
        List.of(new Generation(message, ChatGenerationMetadata.builder().finishReason(finishReason).build())));
  }

  /** The text of the last message of the last prompt. */
  String lastPrompt() {
    return Objects.requireNonNull(prompts.getLast().getInstructions().getLast().getText());
  }
}
