import dev.memlane.embedded.Memlane;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.SearchRequest;
import java.nio.file.Path;

public class Example {
  public static void main(String[] arguments) {
    try (Memlane memlane = Memlane.open(Path.of("memlane-data"))) {
      var memory = memlane.blocking(); // memlane.memory() has the same calls, returning CompletableFutures
      Scope ada = Scope.user("ada");

      memory.addMemory(NewMemory.of("Ada is allergic to peanuts", ada));
      memory.addMemory(NewMemory.builder("We moved to Porto in March", ada).actor("Ada").metadata("topic", "home").build());
      Memory job = memory.addMemory(NewMemory.builder("Ada works at a bakery", ada).key("job").build());
      memory.updateMemory(MemoryUpdate.content(job.id(), "Ada runs her own bakery").expecting(job.op()));

      var request = SearchRequest.builder("where does Ada live?").scope(ada).filter(Filter.equal("topic", "home")).build();
      memory.search(request).forEach(hit -> System.out.println(hit.memory().content()));
      memory.history(job.id()).forEach(entry -> System.out.println(entry.version() + ": " + entry.newContent()));
    }
  }
}
