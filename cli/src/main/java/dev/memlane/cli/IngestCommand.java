package dev.memlane.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stores the lines of files. */
@Command(name = "ingest", description = "Stores the lines of JSON Lines files. A repeated run goes on where it stopped.", footer = {
    "", "A line is a JSON object in UTF-8:",
    "  {\"content\":\"I moved to Lisbon\",\"user\":\"ada\",\"actor\":\"Ada\",\"occurredAt\":\"2026-03-02T09:14:00Z\"}",
    "Fields: content (needed); user, agent, run (at least one, here or as an option); actor,",
    "occurredAt (with Z or an offset), metadata (an object of texts, numbers, booleans and lists of",
    "them), key (names the memory in its scope; without one it is made from file name and line).",
    "A line that can't be stored is reported and fails alone; the exit status is then 1.", "", "Examples:",
    "  memlane ingest examples/*.jsonl", "  memlane ingest chat.jsonl --user ada --json",
    "  grep Lisbon chat.jsonl | memlane ingest - --user ada"})
final class IngestCommand implements Callable<Integer> {

  private final Context context;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "The files; - is standard input.")
  private List<Path> files = new ArrayList<>();

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--once", description = "Stores each text only once in its scope, whichever line, file or other --once it comes from.")
  private boolean once;

  IngestCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<Source> sources = files.stream().map(Source::named).toList();
    sources.forEach(Source::requireReadable);
    scope.scope();
    IngestLine.Defaults defaults = new IngestLine.Defaults(scope.user(), scope.agent(), scope.run());
    try (Session session = context.open(once)) {
      IngestReport report = new Ingestion(session.memory(), defaults, context.console(), context.stop()).run(sources);
      context.answer(report::json, () -> context.print(report.summary()));
      if (context.isConfigured() && !context.options().json()) {
        Layout.endpoints(session.memory().embeddingStatistics().endpoints()).forEach(context::print);
      }
      String ended = report.ended();
      if (ended != null) {
        context.console().say("memlane: ended early: " + ended + ". Run it again to go on from there.");
      }
      return report.isComplete() ? 0 : 1;
    }
  }
}
