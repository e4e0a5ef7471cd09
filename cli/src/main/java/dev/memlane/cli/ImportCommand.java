package dev.memlane.cli;

import dev.memlane.orchestrator.Edits;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Brings back what was exported. */
@Command(name = "import", description = "Brings back what 'memlane export' wrote. A repeated run goes on where it stopped.", footer = {
    "", "Memories come back as they were: ids, versions, times, keys, and their histories. What is there is",
    "never changed: a memory that is there in the same state counts as there already, one in another",
    "state is reported. A bad line is reported and fails alone. Exit status 1 if any line failed, if any",
    "memory is there in another state, or if the file is not complete; what was read is kept.",
    "A line that was edited, so that it contradicts its history or its vector, is refused, or with",
    "--accept-edits becomes the memory's next version. The earlier text then stays in its history; to have",
    "it gone, import the file as it was, and update or erase the memory.", "", "Examples:",
    "  memlane import backup.jsonl", "  memlane import backup.jsonl --data another-directory",
    "  memlane import backup.jsonl.gz"})
final class ImportCommand implements Callable<Integer> {

  private final Context context;

  @Parameters(arity = "1", paramLabel = "FILE", description = "The file; - is standard input.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private Path file;

  @Option(names = "--accept-edits", description = "Take lines that were edited since they were exported for edits of the memories: what was changed is embedded again, and the history says so.")
  private boolean acceptEdits;

  ImportCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Source source = Source.named(file);
    source.requireReadable();
    try (Session session = context.open()) {
      ImportReport report = new Import(session.memory(), source, acceptEdits ? Edits.TAKEN : Edits.REFUSED,
          context.console(), context.stop()).run();
      context.answer(report::json, () -> context.print(report.summary()));
      String ended = report.ended();
      if (ended != null) {
        context.console().say("memlane: ended early: " + ended + ". Run it again to go on from there.");
      } else if (!report.whole()) {
        context.console().say("memlane: " + source.shown()
            + " is not complete: its last line is missing, or tells of more or fewer memories. What was read is kept.");
      }
      return report.isComplete() ? 0 : 1;
    }
  }
}
