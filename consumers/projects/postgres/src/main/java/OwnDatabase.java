import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.orchestrator.SearchRequest;
import java.nio.file.Path;
import org.postgresql.ds.PGSimpleDataSource;

/** Arguments: what leads to the database (url, pool or data-source), its URL, and a directory for the index. */
public class OwnDatabase {

  public static void main(String[] arguments) {
    String url = arguments[1];
    OrchestratorBuilder builder = MemoryOrchestrator.builder().indexDirectory(Path.of(arguments[2]))
        .embedder(new LocalEmbedder());
    switch (arguments[0]) {
      case "url" -> builder.postgres(url, null, null);
      case "pool" -> builder.postgres(url, null, null).transactionPooling(true);
      case "data-source" -> {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        builder.postgres(source);
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    try (MemoryOrchestrator orchestrator = builder.open()) {
      var memory = orchestrator.blocking();
      Scope ada = Scope.user("ada");
      memory.addMemory(NewMemory.of("Ada is allergic to peanuts", ada));
      Memory job = memory.addMemory(NewMemory.of("Ada works at a bakery", ada));
      memory.updateMemory(MemoryUpdate.content(job.id(), "Ada runs her own bakery"));
      var request = SearchRequest.builder("what is Ada allergic to?").scope(ada).limit(1).build();
      memory.search(request).forEach(hit -> System.out.println(hit.memory().content()));
      memory.history(job.id()).forEach(entry -> System.out.println(entry.version() + ": " + entry.newContent()));
    }
  }
}
