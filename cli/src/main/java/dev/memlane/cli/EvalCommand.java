package dev.memlane.cli;

import dev.memlane.orchestrator.SearchRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures retrieval. */
@Command(name = "eval", description = "Measures retrieval on a file in LoCoMo's format: recall@k, the share of a "
    + "question's evidence among the first k hits, averaged over questions.", footer = {"", "Examples:",
        "  memlane eval --locomo locomo10.json", "  memlane eval --locomo locomo10.json --mode semantic --json", "",
        "Every turn becomes one memory. Questions of categories 1 to 4 count whose evidence ids are all",
        "turns, exactly as they are written. Works in a temporary directory unless --data is given."})
final class EvalCommand implements Callable<Integer> {

  private final Context context;

  @Option(names = "--locomo", required = true, paramLabel = "FILE", description = "The file, as published.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private Path file;

  @Option(names = "--mode", paramLabel = "MODE", defaultValue = "hybrid", description = "hybrid, semantic or lexical (default: ${DEFAULT-VALUE}).")
  private SearchRequest.Mode mode = SearchRequest.Mode.HYBRID;

  EvalCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    new Ingestion.Source(file).requireReadable();
    Locomo locomo = Locomo.read(file);
    Path given = context.options().data();
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

  private void measure(Locomo locomo, Path directory) {
    long start = System.nanoTime();
    try (Session session = context.open(directory, false)) {
      Evaluation evaluation = new Evaluation(session.memory(), mode);
      try (Bar bar = Bar.start(context.console(), "Storing", " turns", locomo.memories())) {
        evaluation.store(locomo, bar);
      }
      long stored = System.nanoTime();
      try (Bar bar = Bar.start(context.console(), "Asking", " questions", locomo.questions())) {
        evaluation.ask(locomo, bar);
      }
      long asked = System.nanoTime();
      context.answer(() -> json(locomo, evaluation, asked - start),
          () -> print(locomo, evaluation, stored - start, asked - stored));
    }
  }

  private Map<String, @Nullable Object> json(Locomo locomo, Evaluation evaluation, long nanoseconds) {
    Map<String, Object> byCategory = new LinkedHashMap<>();
    evaluation.byCategory().forEach((category, recall) -> byCategory.put(String.valueOf(category),
        Json.object("questions", recall.questions(), "name", Locomo.CATEGORIES.get(category), "recall",
            recall.json())));
    return Json.object("conversations", locomo.conversations().size(), "memories", locomo.memories(), "questions",
        locomo.questions(), "leftOut", locomo.leftOut(), "mode", mode.name().toLowerCase(Locale.ROOT), "recall",
        evaluation.overall().json(), "byCategory", byCategory, "seconds", Json.seconds(nanoseconds));
  }

  private void print(Locomo locomo, Evaluation evaluation, long storing, long asking) {
    context.print(String.format(Locale.ROOT, "%d conversations, %,d memories, %,d questions (%d left out), %s search",
        locomo.conversations().size(), locomo.memories(), locomo.questions(), locomo.leftOut(),
        mode.name().toLowerCase(Locale.ROOT)));
    StringBuilder heading = new StringBuilder(String.format("%-12s %9s", "recall", "questions"));
    Recall.DEPTHS.forEach(depth -> heading.append(String.format("  %5s", "@" + depth)));
    context.print(heading.toString());
    evaluation.byCategory().forEach((category, recall) -> context
        .print(String.format("%-12s %,9d%s", Locomo.CATEGORIES.get(category), recall.questions(), recall.row())));
    context.print(
        String.format("%-12s %,9d%s", "all", evaluation.overall().questions(), evaluation.overall().row()));
    context.print(String.format(Locale.ROOT, "Opened and stored in %.1f s, asked in %.1f s.", storing / 1e9,
        asking / 1e9));
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
