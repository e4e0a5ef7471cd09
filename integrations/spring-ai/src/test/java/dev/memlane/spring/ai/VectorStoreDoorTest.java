package dev.memlane.spring.ai;

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
import org.springframework.ai.document.Document;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.filter.Filter;

/** The promises of a memory, through the vector store. */
@Tag("programs")
class VectorStoreDoorTest extends MemoryDoorContract {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @Override
  protected MemoryDoor open(DoorStage stage) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    return new VectorStoreDoor(stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory()).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open()));
  }

  @Override
  protected Map<Promise, String> inexpressible() {
    return Map.of(Promise.A_CONFLICT_IS_REPORTED, "Spring AI's vector stores know no state that a caller could expect");
  }

  private record VectorStoreDoor(MemoryOrchestrator memory) implements MemoryDoor {

    private MemlaneVectorStore store(Scope scope) {
      return MemlaneVectorStore.builder(memory, scope).purgeHistory(true).build();
    }

    @Override
    public Reported store(Scope scope, String key, String text) {
      try {
        store(scope).add(List.of(new Document(key, text, Map.of())));
        return Reported.of(Report.STORED);
      } catch (DocumentWriteException e) {
        return Objects.requireNonNull(e.failures().get(key)) instanceof WriteOutcome.Unsettled unsettled
            ? new Reported(Report.UNSETTLED, unsettled.id(), unsettled.op())
            : Reported.of(Report.FAILED);
      }
    }

    @Override
    public List<String> search(Scope scope, String query) {
      return store(scope).similaritySearch(SearchRequest.builder().query(query).topK(10).build()).stream()
          .map(document -> Objects.requireNonNull(document.getText())).toList();
    }

    @Override
    public boolean hasLanded(Reported unsettled) {
      return memory.hasLanded(Objects.requireNonNull(unsettled.memory()), Objects.requireNonNull(unsettled.op()))
          .join();
    }

    @Override
    public void erase(Scope scope) {
      store(scope).delete(
          new Filter.Expression(Filter.ExpressionType.ISNULL, new Filter.Key("no document has this key"), null));
    }
  }
}
