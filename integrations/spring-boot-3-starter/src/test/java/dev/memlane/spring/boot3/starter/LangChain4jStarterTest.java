package dev.memlane.spring.boot3.starter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.memory.chat.ChatMemoryProvider;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.service.MemoryId;
import dev.langchain4j.service.spring.AiService;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.langchain4j.MemlaneChatMemory;
import dev.memlane.langchain4j.MemlaneChatMemoryStore;
import dev.memlane.langchain4j.MemlaneEmbeddingStore;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** An application with LangChain4j's own starter and ours. */
@Tag("programs")
class LangChain4jStarterTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private ApplicationContextRunner context() {
    return new ApplicationContextRunner().withUserConfiguration(Application.class).withPropertyValues(
        "memlane.embedder=hash", "memlane.data=" + directory, "memlane.db.url=" + TestServer.freshDatabase());
  }

  @Test
  void aiService_keepsItsConversationsInTheMemory_andIsGivenOurDocuments() {
    context().withPropertyValues("memlane.documents.agent=shop").run(context -> {
      Embedding vector = context.getBean(EmbeddingModel.class).embed("Returns are free").content();
      storeOf(context.getBean(EmbeddingStore.class)).add(vector, TextSegment.from("Returns are free"));
      Assistant assistant = context.getBean(Assistant.class);

      assistant.chat("7", "I play the oboe");
      assistant.chat("8", "I play the harp");
      assistant.chat("7", "Are returns free?");

      List<List<ChatMessage>> prompts = context.getBean(RecordingModel.class).prompts;
      assertThat(prompts.getLast()).as("the conversation, and no other").hasSize(3);
      assertThat(prompts.getLast().getFirst()).asString().contains("I play the oboe");
      assertThat(prompts.getLast().getLast()).asString().contains("Are returns free?", "Returns are free");
      assertThat(context.getBean(BlockingMemory.class).conversations().window(Scope.run("7"))).hasSize(4);
      assertThat(context.getBean(BlockingMemory.class).conversations().window(Scope.run("8"))).hasSize(2);
    });
  }

  @Test
  void stores_areOurs_andThoseOfTheProcessAreNotMade() {
    context().withPropertyValues("memlane.documents.agent=shop").run(context -> {
      assertThat(context).getBean(EmbeddingStore.class).isInstanceOf(MemlaneEmbeddingStore.class);
      assertThat(context).getBean(ChatMemoryStore.class).isInstanceOf(MemlaneChatMemoryStore.class);
    });
  }

  @SuppressWarnings("unchecked") // The only store is of segments.
  private static EmbeddingStore<TextSegment> storeOf(EmbeddingStore<?> store) {
    return (EmbeddingStore<TextSegment>) store;
  }

  /** What LangChain4j's starter makes a bean of. */
  @AiService
  interface Assistant {
    String chat(@MemoryId String conversation, @dev.langchain4j.service.UserMessage String message);
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {

    @Bean
    ChatMemoryProvider conversations(MemoryOrchestrator memory) {
      return MemlaneChatMemory.builder(memory).maxMessages(20)::build;
    }

    @Bean
    RecordingModel chatModel() {
      return new RecordingModel();
    }

    @Bean
    EmbeddingModel embeddingModel() {
      return new HashModel();
    }
  }

  /** A chat model that keeps its prompts, and always answers the same. */
  static final class RecordingModel implements ChatModel {

    private final List<List<ChatMessage>> prompts = new ArrayList<>();

    @Override
    public ChatResponse doChat(ChatRequest request) {
      prompts.add(List.copyOf(request.messages()));
      return ChatResponse.builder().aiMessage(AiMessage.from("I see.")).build();
    }
  }

  /** The memory's hash embedder as a model of LangChain4j. */
  private static final class HashModel implements EmbeddingModel {

    private final HashEmbedder embedder = new HashEmbedder();

    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
      return Response.from(embedder.embed(segments.stream().map(TextSegment::text).toList()).join().stream()
          .map(Embedding::from).toList());
    }
  }
}
