package shop;

import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.SearchRequest;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class NotesController {

  private final BlockingMemory memory;

  NotesController(BlockingMemory memory) {
    this.memory = memory;
  }

  @PostMapping("/notes")
  String add(@RequestParam("user") String user, @RequestParam("text") String text) {
    return memory.addMemory(NewMemory.of(text, Scope.user(user))).id().toString();
  }

  @GetMapping("/notes")
  List<String> search(@RequestParam("user") String user, @RequestParam("query") String query) {
    var request = SearchRequest.builder(query).scope(Scope.user(user)).limit(3).build();
    return memory.search(request).stream().map(hit -> hit.memory().content()).toList();
  }
}
