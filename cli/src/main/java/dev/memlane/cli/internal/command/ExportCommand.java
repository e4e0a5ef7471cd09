package dev.memlane.cli.internal.command;

import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ExportReport;
import dev.memlane.cli.internal.data.ExportFormat;
import dev.memlane.cli.internal.data.OpenMemory.ExportRequest;
import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Progress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that writes memories with their histories to an archive. */
@Command(name = "export", description = "Writes memories with their histories to a file, for 'memlane import'.", footer = {
    "", "The file is JSON Lines in UTF-8: a header, a line for each memory with its history, and a last line",
    "with their number. Deleted memories are included, so that they stay deleted. The file is readable by",
    "its owner only, and gets its name when it is complete. Writes may continue meanwhile: each memory is",
    "as it was at some moment of the export.",
    "With --format parquet, the same is a table for DuckDB, pandas and Spark, which 'memlane import' reads as well.",
    "", "Examples:",
    "  memlane export backup.jsonl", "  memlane export ada.jsonl --user ada --no-vectors",
    "  memlane export backup.parquet --format parquet",
    "  memlane export | gzip > backup.jsonl.gz"})
final class ExportCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file to write; standard output if it is left out or -.")
  private @Nullable Path file;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--no-vectors", description = "Leave out the vectors: the file is smaller, and an import embeds its texts again.")
  private boolean withoutVectors;

  @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "jsonl", description = "jsonl or parquet (default: ${DEFAULT-VALUE}).")
  private ExportFormat format = ExportFormat.JSONL;

  @Option(names = "--force", description = "Overwrite an existing file.")
  private boolean force;

  ExportCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Path target = file == null || file.toString().equals("-") ? null : file;
    if (target == null && context.options().json()) {
      throw new UsageException("--json prints a summary, and the export itself would go there too: name a file");
    }
    Scope where = scope.scope();
    ArchiveFile archive = target == null ? null : archive(target);
    try (OpenMemory memory = context.open()) {
      ExportReport report = export(memory, where, archive);
      if (target == null) {
        context.console().say(ArchiveAnswers.summary(report, "standard output"));
      } else {
        context.answer(() -> ArchiveAnswers.json(report, target.toString()),
            () -> context.print(ArchiveAnswers.summary(report, target.toString())));
      }
      return 0;
    }
  }

  private ArchiveFile archive(Path target) {
    try {
      return force ? ArchiveFile.replacing(target) : ArchiveFile.creating(target);
    } catch (ArchiveException e) {
      throw failure(e, target);
    }
  }

  private ExportReport export(OpenMemory memory, @Nullable Scope where, @Nullable ArchiveFile archive) {
    Console console = context.console();
    try (ProgressBar bar = ProgressBar.start(console, "Exporting", " memories", ProgressBar.PENDING)) {
      // A listener has the memories counted, which takes time.
      ExportRequest request = new ExportRequest(where, !withoutVectors, format,
          console.terminal() ? bar::at : Progress.NONE,
          context.stop()::requested);
      return archive == null ? memory.exportTo(console.out(), request) : memory.exportTo(archive, request);
    } catch (ArchiveException e) {
      throw archive == null ? e : failure(e, archive.path());
    }
  }

  /** The failure in the words of the command line. */
  private static RuntimeException failure(ArchiveException e, Path target) {
    return e.reason() == ArchiveException.Reason.FILE_EXISTS
        ? new CommandFailure(target + ": the file exists already; --force overwrites it", e)
        : e;
  }
}
