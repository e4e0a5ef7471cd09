package dev.memlane.spring.ai;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
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
import org.springframework.ai.chat.client.ChatClient;

/** The promises of a memory, through a chat client that remembers what its users say. */
@Tag("programs")
class ChatClientDoorTest extends MemoryDoorContract {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @Override
  protected MemoryDoor open(DoorStage stage) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    return new ChatClientDoor(stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory()).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open()));
  }

  @Override
  protected Map<Promise, String> inexpressible() {
    return Map.of(Promise.A_CONFLICT_IS_REPORTED, "a chat replaces nothing",
        Promise.ERASURE_IS_COMPLETE, "a chat erases nothing");
  }

  private record ChatClientDoor(MemoryOrchestrator memory) implements MemoryDoor {

    private static final String KEY = "message_id";

    /** A chat about a scope, in which the model repeats its prompt. */
    private static ChatClient chat(MemlaneAdvisor.Builder advisor) {
      return ChatClient.builder(new EchoingChatModel()).defaultAdvisors(advisor.build()).build();
    }

    @Override
    public Reported store(Scope scope, String key, String text) {
      ChatClient chat = chat(MemlaneAdvisor.builder(memory).scope(scope).remembering(exchange -> List.of(NewMemory
          .builder(exchange.question(), exchange.scope()).key((String) exchange.context().get(KEY)).build())));
      try {
        chat.prompt(text).advisors(advisors -> advisors.param(KEY, key)).call().content();
        return Reported.of(Report.STORED);
      } catch (MemoryWriteException e) {
        return e.outcome() instanceof WriteOutcome.Unsettled unsettled
            ? new Reported(Report.UNSETTLED, unsettled.id(), unsettled.op())
            : Reported.of(Report.FAILED);
      }
    }

    @Override
    public List<String> search(Scope scope, String query) {
      List<?> found = (List<?>) Objects.requireNonNull(
          chat(MemlaneAdvisor.builder(memory).scope(scope).remembering(Remembering.nothing())).prompt(query).call()
              .chatClientResponse().context().get(MemlaneAdvisor.MEMORIES));
      return found.stream().map(hit -> ((SearchHit) hit).memory().content()).toList();
    }

    @Override
    public boolean hasLanded(Reported unsettled) {
      return memory.hasLanded(Objects.requireNonNull(unsettled.memory()), Objects.requireNonNull(unsettled.op()))
          .join();
    }
  }
}
