package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.ingestion.IngestLine;
import dev.memlane.cli.internal.ingestion.IngestReport;
import dev.memlane.cli.internal.ingestion.Ingester;
import dev.memlane.cli.internal.ingestion.InputSource;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.embedding.EmbeddingStats;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that stores the lines of files. */
@Command(name = "ingest", description = "Stores the lines of JSON Lines files. A repeated run resumes where it stopped.", footer = {
    "", "A line is a JSON object:",
    "  {\"content\":\"I moved to Lisbon\",\"user\":\"ada\",\"actor\":\"Ada\",\"occurredAt\":\"2026-03-02T09:14:00Z\"}",
    "Fields: content (needed); user, agent, run (at least one, here or as an option); actor,",
    "occurredAt and expiresAt (a day, or a time with Z or an offset; a plain number with --epoch),",
    "metadata (an object of texts, numbers, booleans and lists of them), key (names the memory in its",
    "scope; without one it is made from the file's path and the line). Null counts as left out.",
    "Files may be packed by gzip or zstd, in UTF-8 or in UTF-16 with a byte order mark, and hold a",
    "JSON list of objects instead of lines. A line that can't be stored is reported and fails alone; the",
    "exit status is then 1. A file that was moved resumes with --source OLD-PATH.", "", "Examples:",
    "  memlane ingest examples/*.jsonl", "  memlane ingest chat.jsonl.gz --user ada --epoch seconds",
    "  grep Lisbon chat.jsonl | memlane ingest - --user ada"})
final class IngestCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "The files; - is standard input.")
  private List<Path> files = new ArrayList<>();

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--once", description = "Stores each text only once in its scope, whichever line, file or other --once it comes from.")
  private boolean once;

  @Option(names = "--source", paramLabel = "NAME", description = "The source's name, instead of the file's path: lines stored from this source before are recognised.")
  private @Nullable String sourceName;

  @Mixin
  private final TimeOptions times = new TimeOptions();

  IngestCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    String name = sourceName;
    if (name != null && (name.isBlank() || files.size() > 1)) {
      throw new UsageException(name.isBlank() ? "--source is empty" : "--source goes with one file only");
    }
    List<InputSource> sources = files.stream().map(InputSource::named)
        .map(source -> name == null ? source : source.called(name))
        .toList();
    sources.forEach(InputSource::requireReadable);
    sources.forEach(InputSource::requireJson);
    scope.scope();
    IngestLine.Defaults defaults = new IngestLine.Defaults(scope.user(), scope.agent(), scope.run(), times.parser());
    try (OpenMemory memory = context.open(once)) {
      IngestReport report = new Ingester(memory, defaults, context.console(), context.stop()).run(sources);
      context.answer(report::json, () -> context.print(report.summary()));
      EmbeddingStats embedding = memory.embedding();
      if (embedding != null && context.isConfigured() && !context.options().json()) {
        MemoryLayout.endpoints(embedding.endpoints()).forEach(context::print);
      }
      String ended = report.ended();
      if (ended != null) {
        context.console().say("memlane: ended early: " + ended + ". Run it again to resume.");
      }
      return report.isComplete() ? 0 : 1;
    }
  }
}
