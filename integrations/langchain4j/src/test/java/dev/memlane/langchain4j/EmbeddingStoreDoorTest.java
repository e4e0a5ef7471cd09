package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;

/** The promises of a memory, through LangChain4j's store of embeddings. */
@Tag("programs")
class EmbeddingStoreDoorTest extends MemoryDoorContract {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @Override
  protected Map<Promise, String> inexpressible() {
    return Map.of(Promise.A_CONFLICT_IS_REPORTED,
        "an EmbeddingStore replaces what is stored under an id, and has no call that expects a state");
  }

  @Override
  protected MemoryDoor open(DoorStage stage) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    return new EmbeddingStoreDoor(stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory()).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open()));
  }

  private record EmbeddingStoreDoor(MemoryOrchestrator memory) implements MemoryDoor {

    private MemlaneEmbeddingStore store(Scope scope) {
      return MemlaneEmbeddingStore.builder(memory, scope).purging(true).build();
    }

    @Override
    public Reported store(Scope scope, String key, String text) {
      try {
        store(scope).addAll(List.of(key), List.of(TestMemories.vector(text)), List.of(TextSegment.from(text)));
        return Reported.of(Report.STORED);
      } catch (EmbeddingWriteException e) {
        assertThat(e).hasMessageContaining("\"" + key + "\"").hasMessageNotContaining(text);
        return e.failures().get(key) instanceof WriteOutcome.Unsettled unsettled
            ? new Reported(Report.UNSETTLED, unsettled.id(), unsettled.op())
            : Reported.of(Report.FAILED);
      }
    }

    @Override
    public List<String> search(Scope scope, String query) {
      return store(scope)
          .search(EmbeddingSearchRequest.builder().queryEmbedding(TestMemories.vector(query)).query(query)
              .maxResults(10).build())
          .matches().stream().map(match -> match.embedded().text()).toList();
    }

    @Override
    public boolean hasLanded(Reported unsettled) {
      return memory.blocking().hasLanded(Objects.requireNonNull(unsettled.memory()),
          Objects.requireNonNull(unsettled.op()));
    }

    @Override
    public void erase(Scope scope) {
      store(scope).removeAll();
    }
  }
}
