package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.ingestion.IngestLine;
import dev.memlane.cli.internal.ingestion.IngestReport;
import dev.memlane.cli.internal.ingestion.Ingester;
import dev.memlane.cli.internal.ingestion.InputSource;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.VerifyReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** The command that shows the main features on the example conversations. */
@Command(name = "demo", description = "Shows the main features on the example conversations: ingest, search, update, "
    + "history, verify.", footer = {"", "Examples:", "  memlane demo", "  memlane demo --data /tmp/demo", "",
        "Works in the folder demo of the data directory unless --data is given, and can be repeated."})
final class DemoCommand implements Callable<Integer> {

  private static final List<String> FILES = List.of("maren.jsonl", "tomas.jsonl", "yuki.jsonl");
  private static final int HITS = 3;

  /** Questions that the first hit answers. */
  private static final List<Question> QUESTIONS = List.of(new Question("what makes her throat swell?", "maren"),
      new Question("how much will they pay each month for the new apartment?", "maren"),
      new Question("how fast did he run the marathon?", "tomas"), new Question("will she be the curator?", "yuki"),
      new Question("who doesn't eat meat or fish?", null));

  /** The line that is updated: the flights to Madeira. */
  private static final String CHANGED_KEY = "maren-035";
  private static final Scope CHANGED_SCOPE = Scope.user("maren").withRun("maren-2026-03-07");
  private static final String CHANGED_CONTENT = "And then our walking week! The flights to Madeira are rebooked, the 8th "
      + "to the 15th of May, you and me and the levadas.";

  private final CommandContext context;

  private record Question(String text, @Nullable String user) {}

  private record Answered(Question question, List<SearchHit> hits) {}

  DemoCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    context.requireNoServer("it shows a memory of its own, in a directory");
    Path examples = context.home().resolve("examples");
    List<InputSource> sources = new ArrayList<>();
    for (String name : FILES) {
      Path file = examples.resolve(name);
      if (!Files.isReadable(file)) {
        throw new CommandFailure("the example " + file
            + " is missing; run the demo with the script memlane of the checkout, which has the folder examples next to it");
      }
      // By its bare name: the examples are the same wherever they are.
      sources.add(InputSource.named(file).called(String.valueOf(file.getFileName())));
    }
    Path given = context.options().givenData();
    Path directory = given == null ? context.dataDirectory().resolve("demo") : given;
    explain("Opening " + directory + " (PostgreSQL, vector index and embedding model, all in this directory)...");
    try (LocalMemory session = context.openHere(directory, false)) {
      return show(session, directory, sources);
    }
  }

  private int show(LocalMemory session, Path directory, List<InputSource> sources) {
    step("1. Ingest: six weeks of conversations of three people, line by line",
        "Each line is embedded and written to three stores at once: core (what is true now), the vector",
        "index (how it is found) and history (how it came to be). All three take it, or none does.");
    IngestReport ingested = new Ingester(session,
        new IngestLine.Defaults(null, null, null, TimeParser.standard()),
        context.console(), context.stop()).run(sources);
    explain(ingested.summary());
    if (ingested.duplicates() > 0) {
      explain("Every line has a key, so those of an earlier run were recognised and nothing is there twice.");
    }
    if (!ingested.isComplete()) {
      throw new CommandFailure("the demo ends here, because not all lines could be stored; run it again to resume");
    }

    step("2. Search: by meaning and by words, in core's truth",
        "Vectors find what is meant, full text finds the words; both count. The best " + HITS + " of each:");
    List<Answered> answers = new ArrayList<>();
    for (Question question : QUESTIONS) {
      SearchRequest.Builder request = SearchRequest.builder(question.text()).limit(HITS);
      String user = question.user();
      request = user == null ? request.everywhere() : request.scope(Scope.user(user));
      List<SearchHit> hits = session.blocking().search(request.build());
      answers.add(new Answered(question, hits));
      explain("");
      explain("? " + question.text() + (user == null ? "  (everybody)" : "  (user " + user + ")"));
      for (int i = 0; i < hits.size(); i++) {
        MemoryLayout.hit(i + 1, hits.get(i)).forEach(this::explain);
      }
    }

    step("3. Update: plans change, and the history keeps what they were",
        "The new text is embedded, then replaces the old one in core and in the index; history gets an entry.");
    MemoryId id = MemoryId.derive(CHANGED_SCOPE, CHANGED_KEY);
    update(session, id);
    List<HistoryEntry> history = session.blocking().history(id);
    history.forEach(entry -> HistoryCommand.lines(entry).forEach(this::explain));

    step("4. Verify: core, history and index are compared, memory by memory");
    VerifyReport verified = session.blocking().verify(false);
    if (context.options().json()) {
      context.print(Json.write(json(directory, ingested, answers, id, history, verified)));
    } else {
      VerifyCommand.print(context, verified);
      whatNext(directory, id);
    }
    return verified.isClean() ? 0 : 1;
  }

  private void update(LocalMemory session, MemoryId id) {
    Memory memory = session.blocking().get(id).orElse(null);
    if (memory == null) {
      explain("Memory " + id + " was deleted since the last run; its history is still there:");
    } else if (memory.content().equals(CHANGED_CONTENT)) {
      explain("Memory " + id + " was updated by an earlier run already; its history:");
    } else {
      Memory updated = session.blocking()
          .updateMemory(MemoryUpdate.content(id, CHANGED_CONTENT).by("demo").expecting(memory.op()));
      explain("Memory " + id + " is now at version " + updated.version() + "; its history:");
    }
  }

  private static Map<String, @Nullable Object> json(Path directory, IngestReport ingested, List<Answered> answers,
      MemoryId id, List<HistoryEntry> history, VerifyReport verified) {
    return Json.object("data", directory.toString(), "ingest", ingested.json(), "searches",
        answers.stream().map(answered -> Json.object("query", answered.question().text(), "user",
            answered.question().user(), "hits", answered.hits().stream().map(SearchCommand::json).toList())).toList(),
        "history", Json.object("id", id.toString(), "entries", history.stream().map(MemoryJson::historyEntry).toList()),
        "verify", VerifyCommand.json(verified));
  }

  private void whatNext(Path directory, MemoryId id) {
    String data = " --data " + directory;
    step("What next");
    explain("./memlane search \"what is Tomás allergic to?\" --user tomas" + data);
    explain("./memlane search \"travel plans\" --everywhere --filter topic=travel" + data);
    explain("./memlane history " + id + data);
    explain("./memlane ingest your.jsonl --user you       (in ./memlane-data; './memlane ingest --help')");
  }

  private void step(String title, String... explanation) {
    explain("");
    explain(title);
    explain("-".repeat(title.length()));
    for (String line : explanation) {
      explain(line);
    }
  }

  /** Prints a line for people; none with JSON. */
  private void explain(String line) {
    if (!context.options().json()) {
      context.print(line);
      context.console().out().flush();
    }
  }
}
