package dev.memlane.server;

import static dev.memlane.server.TestClient.object;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.server.TestClient.Answer;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import java.net.http.HttpClient;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;

/** The promises of a memory, through REST. */
@Tag("programs")
class RestDoorTest extends MemoryDoorContract {

  @Override
  protected MemoryDoor open(DoorStage stage) {
    MemlaneServer server = ServerStage.over(stage, settings -> settings);
    return new RestDoor(new TestClient(stage.closing(HttpClient.newHttpClient()), server.uri(), null));
  }

  private record RestDoor(TestClient client) implements MemoryDoor {

    @Override
    public Reported store(Scope scope, String key, String text) {
      return reported(client.post("/api/v1/memories", object("content", text, "scope", scope), "Idempotency-Key", key));
    }

    private static Reported reported(Answer answer) {
      JsonNode json = answer.json();
      return switch (json.path("outcome").textValue()) {
        case "stored", "replaced" -> Reported.of(Report.STORED);
        case "duplicate" -> Reported.of(Report.UNCHANGED);
        case "conflict" -> Reported.of(Report.CONFLICT);
        case "unsettled" -> new Reported(Report.UNSETTLED, MemoryId.parse(json.path("id").textValue()),
            OperationId.parse(json.path("op").textValue()));
        default -> Reported.of(Report.FAILED);
      };
    }

    @Override
    public String state(Scope scope, String key) {
      Answer answer = client.get("/api/v1/memories/" + MemoryId.derive(scope, key));
      return answer.header("ETag");
    }

    @Override
    public Reported replace(Scope scope, String key, String state, String text) {
      return reported(client.patch("/api/v1/memories/" + MemoryId.derive(scope, key), object("content", text),
          "If-Match", state));
    }

    @Override
    public List<String> search(Scope scope, String query) {
      JsonNode hits = client.post("/api/v1/memories/search", object("query", query, "scope", scope)).json()
          .path("hits");
      return StreamSupport.stream(hits.spliterator(), false)
          .map(hit -> hit.path("memory").path("content").textValue()).toList();
    }

    @Override
    public boolean hasLanded(Reported unsettled) {
      return client.get("/api/v1/operations/" + Objects.requireNonNull(unsettled.memory()) + "/"
          + Objects.requireNonNull(unsettled.op())).json().path("landed").booleanValue();
    }

    @Override
    public void erase(Scope scope) {
      client.delete("/api/v1/scopes?user=" + scope.user());
    }
  }
}
