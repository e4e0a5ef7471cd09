package dev.memlane.langchain4j;

import static dev.langchain4j.store.embedding.filter.MetadataFilterBuilder.metadataKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.invocation.InvocationContext;
import dev.langchain4j.invocation.InvocationParameters;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.content.ContentMetadata;
import dev.langchain4j.rag.query.Metadata;
import dev.langchain4j.rag.query.Query;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class MemlaneContentRetrieverTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private static Path directory;

  private static MemoryOrchestrator memory;
  private static Memory oboe;

  @BeforeAll
  static void open() {
    memory = TestMemories.open(directory);
    oboe = memory.blocking().addMemory(NewMemory.builder("I play the oboe", ADA.withRun("7")).actor("Ada")
        .metadata("topic", "music").metadata("year", 2026).metadata("tags", List.of("a", "b")).metadata("sure", true)
        .build());
    memory.blocking().addMemory(NewMemory.of("Ada lives in Lisbon", ADA.withRun("8")));
    memory.blocking().addMemory(NewMemory.of("Ben plays the oboe", Scope.user("ben")));
  }

  @AfterAll
  static void close() {
    memory.close();
  }

  private static Query query(String text, Object chatMemoryId, InvocationParameters parameters) {
    return Query.from(text, Metadata.builder().chatMessage(UserMessage.from(text)).invocationContext(InvocationContext
        .builder().chatMemoryId(chatMemoryId).invocationParameters(parameters).build()).build());
  }

  private static List<String> texts(List<Content> contents) {
    return contents.stream().map(content -> content.textSegment().text()).toList();
  }

  @Test
  void contents_carryScoreIdAndMetadata() {
    Content content = MemlaneContentRetriever.of(memory, ADA).retrieve(Query.from("oboe")).getFirst();

    assertThat(content.textSegment().text()).isEqualTo("Ada: I play the oboe");
    assertThat(content.metadata()).containsEntry(ContentMetadata.EMBEDDING_ID, oboe.id().toString());
    assertThat((Double) content.metadata().get(ContentMetadata.SCORE)).isBetween(0.5, 1.0);
    assertThat(content.textSegment().metadata()).isEqualTo(new dev.langchain4j.data.document.Metadata()
        .put("topic", "music").put("year", 2026L).put("tags", "[\"a\",\"b\"]").put("sure", "true"));
  }

  @Test
  void scope_isMadeFromTheQuery() {
    MemlaneContentRetriever retriever = MemlaneContentRetriever.builder(memory)
        .user(MemlaneContentRetriever.parameter("user")).run(MemlaneContentRetriever.chatMemoryId()).build();

    assertThat(texts(retriever.retrieve(query("oboe", 7, InvocationParameters.from("user", "ada")))))
        .containsExactly("Ada: I play the oboe");
    assertThat(texts(retriever.retrieve(query("oboe", 8, InvocationParameters.from("user", "ada")))))
        .containsExactly("Ada lives in Lisbon");
    assertThat(retriever.retrieve(query("oboe", 7, InvocationParameters.from("user", "ben")))).isEmpty();
  }

  @Test
  void scope_thatTheQueryDoesNotName_isAnErrorAndNoWiderSearch() {
    MemlaneContentRetriever retriever = MemlaneContentRetriever.builder(memory)
        .user(MemlaneContentRetriever.parameter("user")).run(MemlaneContentRetriever.chatMemoryId()).build();

    assertThatThrownBy(() -> retriever.retrieve(query("oboe", 7, new InvocationParameters())))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("no user");
    assertThatThrownBy(() -> retriever.retrieve(Query.from("oboe"))).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> MemlaneContentRetriever.builder(memory).build()).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("no scope");
    assertThatThrownBy(() -> MemlaneContentRetriever.builder(memory).scope(ADA).user(query -> "ada").build())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("choose one");
  }

  @Test
  void settings_reachTheSearch() {
    assertThat(MemlaneContentRetriever.builder(memory).scope(ADA).limit(1).build().retrieve(Query.from("Ada")))
        .hasSize(1);
    assertThat(texts(MemlaneContentRetriever.builder(memory).scope(ADA).filter(metadataKey("topic").isEqualTo("music"))
        .build().retrieve(Query.from("Lisbon")))).containsExactly("Ada: I play the oboe");
    assertThat(texts(MemlaneContentRetriever.builder(memory).scope(ADA).minWords(1).build()
        .retrieve(Query.from("Lisbon")))).containsExactly("Ada lives in Lisbon");
    assertThat(MemlaneContentRetriever.builder(memory).scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()
        .retrieve(Query.from("zither"))).isEmpty();
    assertThat(MemlaneContentRetriever.builder(memory).scope(ADA).threshold(1).minSimilarity(0.999).build()
        .retrieve(Query.from("something else"))).isEmpty();
    assertThat(texts(MemlaneContentRetriever.builder(memory).scope(ADA).text(Memory::content)
        .search((query, search) -> search.limit(1)).build().retrieve(Query.from("oboe"))))
        .containsExactly("I play the oboe");
    assertThat(MemlaneContentRetriever.builder(memory).scope(ADA).filter(metadataKey("topic").isEqualTo("music"))
        .search((query, search) -> search.filter(Filter.equal("year", 2027))).build().retrieve(Query.from("oboe")))
        .isEmpty();
    assertThat(texts(MemlaneContentRetriever.builder(memory).scope(ADA)
        .search((query, search) -> search.filter(Filter.equal("year", 2026)))
        .filter(metadataKey("topic").isEqualTo("music")).build().retrieve(Query.from("oboe"))))
        .containsExactly("Ada: I play the oboe");
    assertThat(MemlaneContentRetriever.builder(memory).scope(ADA).filter(metadataKey("topic").isEqualTo("travel"))
        .search((query, search) -> search.filter(Filter.equal("year", 2026))).build().retrieve(Query.from("oboe")))
        .isEmpty();
    assertThat(MemlaneContentRetriever.of(memory, ADA).retrieveAsync(Query.from("oboe")).join()).hasSize(2);
  }
}
