package dev.memlane.cli;

import dev.memlane.model.Scope;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes memories with their histories to a file, as JSON Lines. */
@Command(name = "export", description = "Writes memories with their histories to a file, for 'memlane import'.", footer = {
    "", "The file is JSON Lines in UTF-8: a first line that says what it is, a line for each memory with all",
    "that is known of it, and a last line with their number. Memories that were deleted are in it too,",
    "so that they stay deleted. It is readable by its owner only, and takes its name when it is complete.",
    "Writes may go on meanwhile: each memory is as it was at some moment of the export.", "", "Examples:",
    "  memlane export backup.jsonl", "  memlane export ada.jsonl --user ada --no-vectors",
    "  memlane export | gzip > backup.jsonl.gz"})
final class ExportCommand implements Callable<Integer> {

  private final Context context;

  @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file to write; standard output if it is left out or -.")
  private @Nullable Path file;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--no-vectors", description = "Leave the vectors out: a smaller file, whose texts are embedded again when it is imported.")
  private boolean withoutVectors;

  @Option(names = "--force", description = "Overwrite a file that is there.")
  private boolean force;

  ExportCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Path target = file == null || file.toString().equals("-") ? null : file;
    if (target == null && context.options().json()) {
      throw new UsageException("--json prints a summary, and the export itself would go there too: name a file");
    }
    Scope where = scope.scope();
    ArchiveFile archive = target == null ? null : ArchiveFile.at(target, force);
    try (Session session = context.open()) {
      Export export = new Export(session.memory(), where, !withoutVectors, context.console(), context.stop());
      ExportReport report = archive == null ? export.run(context.console().out()) : archive.write(export::run);
      if (target == null) {
        context.console().say(report.summary("standard output"));
      } else {
        context.answer(() -> report.json(target.toString()), () -> context.print(report.summary(target.toString())));
      }
      return 0;
    }
  }
}
