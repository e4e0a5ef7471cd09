package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.evaluation.EvalMode;
import dev.memlane.cli.internal.evaluation.EvalReport;
import dev.memlane.cli.internal.evaluation.EvalResult;
import dev.memlane.cli.internal.evaluation.Evaluator;
import dev.memlane.cli.internal.evaluation.Locomo;
import dev.memlane.cli.internal.ingestion.InputSource;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.UsageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command that measures retrieval quality. */
@Command(name = "eval", description = "Measures retrieval on a file in LoCoMo's format: recall@k, the share of a "
    + "question's evidence among the first k hits, averaged over questions, for several ways to search.", footer = {"",
        "Examples:", "  memlane eval --locomo locomo10.json",
        "  memlane eval --locomo locomo10.json --mode hybrid --mode words --html recall.html", "",
        "Every turn becomes one memory. Questions of categories 1 to 4 count whose evidence ids are all",
        "turns, exactly as they are written. Latencies are those of one search after the other, with the",
        "question's vector in the cache. Works in a temporary directory unless --data is given."})
final class EvalCommand implements Callable<Integer> {

  private final CommandContext context;

  @Option(names = "--locomo", required = true, paramLabel = "FILE", description = "The file, as published.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private Path file;

  @Option(names = "--mode", paramLabel = "MODE", description = "Only this way to search: ${COMPLETION-CANDIDATES}. Repeatable (default: all, beginning with hybrid, which is what search does).")
  private List<EvalMode> modes = List.of(EvalMode.values());

  @Option(names = "--html", paramLabel = "FILE", description = "Write the figures as a page with bars, too.")
  private @Nullable Path html;

  EvalCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    context.requireNoServer("it measures with memories of its own; give it a directory, or none");
    InputSource.named(file).requireReadable();
    Locomo locomo = Locomo.read(file);
    Path given = context.options().givenData();
    if (given != null) {
      measure(locomo, given);
      return 0;
    }
    if (context.options().jdbcUrl() != null) {
      throw new UsageException("with --jdbc-url, eval needs a --data directory too: it stores memories on that server");
    }
    Path temporary = Files.createTempDirectory("memlane-eval");
    try {
      measure(locomo, temporary);
    } finally {
      deleteTree(temporary);
    }
    return 0;
  }

  private void measure(Locomo locomo, Path directory) throws IOException {
    long start = System.nanoTime();
    List<EvalResult> results = new ArrayList<>();
    long stored;
    try (LocalMemory session = context.openHere(directory, false)) {
      Evaluator evaluation = new Evaluator(session.memory(), locomo);
      try (ProgressBar bar = ProgressBar.start(context.console(), "Storing", " turns", locomo.memories())) {
        evaluation.store(bar);
      }
      stored = System.nanoTime();
      try (ProgressBar bar = ProgressBar.start(context.console(), "Embedding", " questions", locomo.questions())) {
        evaluation.prepare(bar);
      }
      for (EvalMode mode : modes) {
        try (
            ProgressBar bar = ProgressBar.start(context.console(), mode.toString(), " questions", locomo.questions())) {
          results.add(evaluation.ask(mode, bar));
        }
      }
    }
    long asked = System.nanoTime();
    EvalReport report = new EvalReport(locomo, results);
    context.answer(() -> report.json(asked - start), () -> {
      report.lines().forEach(context::print);
      context.print(String.format(Locale.ROOT, "Opened and stored in %.1f s, asked in %.1f s.", (stored - start) / 1e9,
          (asked - stored) / 1e9));
    });
    Path page = html;
    if (page != null) {
      Files.writeString(page, report.html());
    }
  }

  private static void deleteTree(Path root) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(root)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path path : deepestFirst) {
      Files.deleteIfExists(path);
    }
  }
}
