package dev.memlane.spring.ai;

import java.util.List;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;

/** A model that answers with the last message of the prompt. Safe for use by several threads. */
final class EchoingChatModel implements ChatModel {

  @Override
  public ChatResponse call(Prompt prompt) {
    return new ChatResponse(
        List.of(new Generation(new AssistantMessage(prompt.getInstructions().getLast().getText()))));
  }

  @Override
  public Flux<ChatResponse> stream(Prompt prompt) {
    return Flux.just(call(prompt));
  }
}
