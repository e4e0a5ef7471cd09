package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.extraction.ChatModel;
import dev.memlane.langchain4j.LangChain4jChatModel;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;

/** The chat model of LangChain4j among the application's beans. */
final class LangChain4jChatModelSource implements ChatModelSource {

  private final ObjectProvider<dev.langchain4j.model.chat.ChatModel> models;
  private final MemlaneProperties.Chat settings;

  LangChain4jChatModelSource(ObjectProvider<dev.langchain4j.model.chat.ChatModel> models,
      MemlaneProperties.Chat settings) {
    this.models = models;
    this.settings = settings;
  }

  @Override
  public @Nullable ChatModel find() {
    dev.langchain4j.model.chat.ChatModel model = SingleBean.find(models, "ChatModel beans of LangChain4j",
        SingleBean.OF_CONVERSATIONS);
    return model == null ? null : LangChain4jChatModel.builder(model).concurrency(settings.concurrency()).build();
  }

  @Override
  public String framework() {
    return "LangChain4j";
  }
}
