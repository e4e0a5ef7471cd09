package dev.memlane.orchestrator;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;

/** The first door: the library itself. */
@Tag("programs")
class OrchestratorDoorTest extends MemoryDoorContract {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @Override
  protected MemoryDoor open(DoorStage stage) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    return new OrchestratorDoor(stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory()).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open()).blocking());
  }

  private record OrchestratorDoor(BlockingMemory memory) implements MemoryDoor {

    @Override
    public Reported store(Scope scope, String key, String text) {
      return reported(memory.add(NewMemory.builder(text, scope).key(key).build()));
    }

    @Override
    public String state(Scope scope, String key) {
      return memory.get(MemoryId.derive(scope, key)).map(Memory::op).map(OperationId::toString).orElseThrow();
    }

    @Override
    public Reported replace(Scope scope, String key, String state, String text) {
      try {
        memory.updateMemory(MemoryUpdate.builder(MemoryId.derive(scope, key)).content(text)
            .expecting(OperationId.parse(state)).build());
        return Reported.of(Report.STORED);
      } catch (MemoryWriteException e) {
        return reported(e.outcome());
      }
    }

    @Override
    public List<String> search(Scope scope, String query) {
      return memory.search(SearchRequest.of(query, scope)).stream().map(hit -> hit.memory().content()).toList();
    }

    @Override
    public boolean hasLanded(Reported unsettled) {
      return memory.hasLanded(Objects.requireNonNull(unsettled.memory()), Objects.requireNonNull(unsettled.op()));
    }

    @Override
    public void erase(Scope scope) {
      memory.deleteAll(scope, null, true);
    }

    private static Reported reported(WriteOutcome outcome) {
      return switch (outcome) {
        case WriteOutcome.DuplicateOf duplicate -> Reported.of(Report.UNCHANGED);
        case WriteOutcome.Conflict conflict -> Reported.of(Report.CONFLICT);
        case WriteOutcome.Unsettled unsettled -> new Reported(Report.UNSETTLED, unsettled.id(), unsettled.op());
        default -> Reported.of(outcome.succeeded() ? Report.STORED : Report.FAILED);
      };
    }
  }
}
