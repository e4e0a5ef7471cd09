package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.evaluation.Beir;
import dev.memlane.cli.internal.evaluation.EarlierRun;
import dev.memlane.cli.internal.evaluation.EvalMode;
import dev.memlane.cli.internal.evaluation.EvalReport;
import dev.memlane.cli.internal.evaluation.EvalResult;
import dev.memlane.cli.internal.evaluation.Evaluator;
import dev.memlane.cli.internal.evaluation.EvalSet;
import dev.memlane.cli.internal.evaluation.Locomo;
import dev.memlane.cli.internal.evaluation.LongMemEval;
import dev.memlane.cli.internal.evaluation.Variant;
import dev.memlane.cli.internal.ingestion.InputSource;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.SearchPart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command that measures retrieval quality. */
@Command(name = "eval", description = "Measures retrieval on a data set: recall@k, the share of a question's evidence "
    + "among the first k hits, averaged over questions, for several ways to search.", footer = {"",
        "Examples:", "  memlane eval --locomo locomo10.json",
        "  memlane eval --locomo locomo10.json --ablate",
        "  memlane eval --longmemeval longmemeval_s.json --mode hybrid --mode words",
        "  memlane eval --beir my-data --mode hybrid --html recall.html", "",
        "Any two configurations, such as two models, are compared question by question:",
        "  memlane eval --locomo locomo10.json --json > before.json",
        "  memlane eval --locomo locomo10.json --model e5-small-v2 --against before.json", "",
        "Every turn or document becomes one memory. Of LoCoMo, questions of categories 1 to 4 count whose",
        "evidence ids are all turns, exactly as they are written. Each way to search is compared with the",
        "first one. Latencies are those of one search after the other, with the question's vector in the",
        "cache. Works in a temporary directory unless --data is given."})
final class EvalCommand implements Callable<Integer> {

  private final CommandContext context;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private DataSet dataSet;

  @Option(names = "--mode", paramLabel = "MODE", description = "Only this way to search: ${COMPLETION-CANDIDATES}. Repeatable (default: all, beginning with hybrid, which is what search does).")
  private List<EvalMode> modes = List.of();

  @Option(names = "--ablate", description = "Search as usual, and with each part left out in turn: what does it bring?")
  private boolean ablate;

  @Option(names = "--against", paramLabel = "FILE", description = "Compare with an earlier run on the same data set, of which this file has what --json printed.")
  private @Nullable Path against;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the figures as a page with bars, too.")
  private @Nullable Path html;

  /** What made the vectors, once it is known. */
  private @Nullable String model;

  /** What is measured on. */
  private static final class DataSet {

    @Option(names = "--locomo", paramLabel = "FILE", description = "A file in LoCoMo's format.")
    private @Nullable Path locomo;

    @Option(names = "--longmemeval", paramLabel = "FILE", description = "A file in LongMemEval's format.")
    private @Nullable Path longMemEval;

    @Option(names = "--beir", paramLabel = "DIR", description = "A folder in BEIR's format: corpus.jsonl, queries.jsonl, and qrels.tsv or qrels/test.tsv.")
    private @Nullable Path beir;

    EvalSet read() {
      if (beir != null) {
        for (String name : List.of("corpus.jsonl", "queries.jsonl")) {
          InputSource.named(beir.resolve(name)).requireReadable();
        }
        return Beir.read(beir);
      }
      if (longMemEval != null) {
        InputSource.named(longMemEval).requireReadable();
        return LongMemEval.read(longMemEval);
      }
      Path file = Objects.requireNonNull(locomo, "one of the three is given");
      InputSource.named(file).requireReadable();
      return Locomo.read(file);
    }
  }

  EvalCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    context.requireNoServer("it measures with memories of its own; give it a directory, or none");
    if (ablate && !modes.isEmpty()) {
      throw new UsageException("--ablate searches in mode hybrid; leave out --mode");
    }
    EvalSet set = dataSet.read();
    if (set.questions() == 0) {
      throw new CommandFailure("the data set has no question whose answer is among its memories");
    }
    Path given = context.options().givenData();
    if (given == null && context.options().jdbcUrl() != null) {
      throw new UsageException("with --jdbc-url, eval needs a --data directory too: it stores memories on that server");
    }
    EarlierRun earlier = against == null ? null : EarlierRun.read(against, set);
    long start = System.nanoTime();
    Map<Variant, EvalResult> results = new HashMap<>();
    List<Variant> variants = variants();
    for (EmbeddedText embedded : EmbeddedText.values()) {
      List<Variant> some = variants.stream().filter(variant -> variant.embedded() == embedded).toList();
      if (!some.isEmpty()) {
        measure(set, some, given, embedded, results);
      }
    }
    List<EvalResult> inOrder = variants.stream().map(variant -> Objects.requireNonNull(results.get(variant))).toList();
    report(new EvalReport(set, Objects.requireNonNull(model), inOrder, earlier), System.nanoTime() - start);
    return 0;
  }

  private List<Variant> variants() {
    if (!ablate) {
      return (modes.isEmpty() ? List.of(EvalMode.values()) : modes).stream().distinct().map(Variant::of).toList();
    }
    List<Variant> variants = new ArrayList<>();
    variants.add(Variant.of(EvalMode.HYBRID));
    for (SearchPart part : SearchPart.values()) {
      variants.add(Variant.without(part));
    }
    variants.add(Variant.of(EvalMode.LEXICAL));
    return variants;
  }

  /** Measures in the directory that was given, or in one of its own if none was, or if the vectors are of other texts. */
  private void measure(EvalSet set, List<Variant> variants, @Nullable Path given, EmbeddedText embedded,
      Map<Variant, EvalResult> results) throws IOException {
    if (given != null && embedded == EmbeddedText.CONTENT) {
      measure(set, variants, embedded, given, results);
      return;
    }
    Path temporary = Files.createTempDirectory("memlane-eval");
    try {
      measure(set, variants, embedded, temporary, results);
    } finally {
      deleteTree(temporary);
    }
  }

  private void measure(EvalSet set, List<Variant> variants, EmbeddedText embedded, Path directory,
      Map<Variant, EvalResult> results) {
    try (LocalMemory session = context.openHere(directory, embedded)) {
      model = session.memory().embeddingModel();
      Evaluator evaluation = new Evaluator(session.memory(), set);
      try (ProgressBar bar = ProgressBar.start(context.console(), "Storing", " turns", set.memories())) {
        evaluation.store(bar);
      }
      try (ProgressBar bar = ProgressBar.start(context.console(), "Embedding", " questions", set.questions())) {
        evaluation.prepare(bar);
      }
      for (Variant variant : variants) {
        try (ProgressBar bar = ProgressBar.start(context.console(), variant.name(), " questions", set.questions())) {
          results.put(variant, evaluation.ask(variant, bar));
        }
      }
    }
  }

  private void report(EvalReport report, long took) throws IOException {
    context.answer(() -> report.json(took), () -> {
      report.lines().forEach(context::print);
      context.print(String.format(Locale.ROOT, "Stored and asked in %.1f s.", took / 1e9));
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
