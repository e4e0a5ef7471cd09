package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/** A memory through the command line, as a script uses it. */
record CommandDoor(CommandRunner commands) implements MemoryDoor {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Pattern UNSETTLED = Pattern.compile("'memlane operation (\\S+) (\\S+)'");

  /** A memory whose index fails on request. */
  static MemoryOrchestrator memory(DoorStage stage) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    return stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory().resolve("index")).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open());
  }

  private Run run(Scope scope, String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    if (scope.user() != null) {
      all.addAll(List.of("--user", scope.user()));
    }
    if (scope.run() != null) {
      all.addAll(List.of("--run", scope.run()));
    }
    all.add("--json");
    return commands.run(all.toArray(String[]::new));
  }

  @Override
  public Reported store(Scope scope, String key, String text) {
    Run run = run(scope, "add", text, "--key", key);
    return run.status() == 0
        ? Reported.of(run.json().path("outcome").asText().equals("stored") ? Report.STORED : Report.UNCHANGED)
        : failed(run);
  }

  private static Reported failed(Run run) {
    Matcher unsettled = UNSETTLED.matcher(run.err());
    return unsettled.find()
        ? new Reported(Report.UNSETTLED, MemoryId.parse(unsettled.group(1)), OperationId.parse(unsettled.group(2)))
        : Reported.of(run.err().contains("no longer in the state") ? Report.CONFLICT : Report.FAILED);
  }

  @Override
  public String state(Scope scope, String key) {
    return commands.json("get", MemoryId.derive(scope, key).toString()).path("op").asText();
  }

  @Override
  public Reported replace(Scope scope, String key, String state, String text) {
    Run run = commands.run("update", MemoryId.derive(scope, key).toString(), text, "--expect", state, "--json");
    return run.status() == 0 ? Reported.of(Report.STORED) : failed(run);
  }

  @Override
  public List<String> search(Scope scope, String query) {
    JsonNode hits = run(scope, "search", query).json().path("hits");
    return StreamSupport.stream(hits.spliterator(), false).map(hit -> hit.path("content").asText()).toList();
  }

  @Override
  public boolean hasLanded(Reported unsettled) {
    return commands.json("operation", Objects.requireNonNull(unsettled.memory()).toString(),
        Objects.requireNonNull(unsettled.op()).toString()).path("landed").asBoolean();
  }

  @Override
  public void erase(Scope scope) {
    Run run = run(scope, "delete", "--all", "--purge-history", "--yes");
    if (run.status() != 0) {
      throw new AssertionError(run.err());
    }
  }
}
