package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.extraction.ChatModel;
import dev.memlane.spring.ai.SpringAiChatModel;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;

/** The chat model of Spring AI among the application's beans. */
final class SpringAiChatModelSource implements ChatModelSource {

  private final ObjectProvider<org.springframework.ai.chat.model.ChatModel> models;
  private final MemlaneProperties.Chat settings;

  SpringAiChatModelSource(ObjectProvider<org.springframework.ai.chat.model.ChatModel> models,
      MemlaneProperties.Chat settings) {
    this.models = models;
    this.settings = settings;
  }

  @Override
  public @Nullable ChatModel find() {
    org.springframework.ai.chat.model.ChatModel model = SingleBean.find(models, "ChatModel beans of Spring AI",
        SingleBean.OF_CONVERSATIONS);
    return model == null ? null : SpringAiChatModel.builder(model).concurrency(settings.concurrency()).build();
  }

  @Override
  public String framework() {
    return "Spring AI";
  }
}
