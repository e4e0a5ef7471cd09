package dev.memlane.cli.internal.command;

import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ImportReport;
import dev.memlane.archive.parquet.ParquetArchive;
import dev.memlane.archive.parquet.ParquetSource;
import dev.memlane.cli.internal.data.OpenMemory.ImportRequest;
import dev.memlane.cli.internal.data.NotAnArchiveException;
import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.ingestion.InputSource;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that restores the memories of an archive. */
@Command(name = "import", description = "Restores what 'memlane export' wrote. A repeated run resumes where it stopped.", footer = {
    "", "Memories are restored as they were: ids, versions, times, keys, and their histories. What exists is",
    "never changed: a memory that exists in the same state counts as there already, one in another state",
    "is reported. A bad line is reported and fails alone. The exit status is 1 if a line failed, if a",
    "memory exists in another state, or if the file is not complete; what was read is kept.",
    "A line that was edited, so that it contradicts its history or its vector, is refused, or with",
    "--accept-edits becomes the memory's next version. The earlier text then stays in its history; to remove",
    "it, import the file as it was, and update or erase the memory.",
    "A Parquet file is recognised by its content. It is checked first, and refused if any part of it is damaged.",
    "", "Examples:",
    "  memlane import backup.jsonl", "  memlane import backup.jsonl --data another-directory",
    "  memlane import backup.jsonl.gz", "  memlane import backup.parquet"})
final class ImportCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(arity = "1", paramLabel = "FILE", description = "The file; - is standard input.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private Path file;

  @Option(names = "--accept-edits", description = "Import lines that were edited after the export as edits of the memories: changed texts are embedded again, and the history records the edit.")
  private boolean acceptEdits;

  ImportCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    InputSource source = InputSource.named(file);
    source.requireReadable();
    Console console = context.console();
    try (OpenMemory memory = context.open()) {
      ImportReport report = importFrom(source, memory);
      long unlisted = report.failed() + report.different() - report.failures().size();
      if (unlisted > 0) {
        console.say(TextLayout.number(unlisted) + " more lines were not restored; they are only counted");
      }
      context.answer(() -> ArchiveAnswers.json(report), () -> context.print(ArchiveAnswers.summary(report)));
      String ended = report.ended();
      if (ended != null) {
        console.say("memlane: ended early: " + ended + ". Run it again to resume.");
      } else if (!report.whole()) {
        console.say("memlane: " + source.shown()
            + " is not complete: its last line is missing, or counts more or fewer memories. What was read is kept.");
      }
      return report.isComplete() ? 0 : 1;
    }
  }

  private ImportReport importFrom(InputSource source, OpenMemory memory) {
    Console console = context.console();
    StopSignal stop = context.stop();
    try (ProgressBar bar = ProgressBar.start(console, "Importing", " memories", ProgressBar.UNKNOWN)) {
      ImportRequest request = new ImportRequest(acceptEdits, bar::at, stop::requested, notice -> console
          .say(source.shown() + ":" + notice.line() + ": " + ArchiveAnswers.message(notice)));
      Path path = source.path();
      if (path != null && ParquetArchive.isParquet(path)) {
        try (ParquetSource archive = ParquetArchive.open(path)) {
          return memory.importFrom(archive, request);
        }
      }
      try (InputStream input = source.stream(console, stop)) {
        return memory.importFrom(input, request);
      }
    } catch (NotAnArchiveException e) {
      throw new CommandFailure(source.shown()
          + " was not written by 'memlane export': its first line doesn't say so. 'memlane ingest' stores lines of your own",
          e);
    } catch (ArchiveException | InvalidInputException e) {
      throw new CommandFailure(source.shown() + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new CommandFailure(source.shown() + ": " + IoErrors.describe(e), e);
    }
  }
}
