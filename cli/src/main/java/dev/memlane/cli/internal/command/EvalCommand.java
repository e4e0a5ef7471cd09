package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.conversation.RememberCounts;
import dev.memlane.cli.internal.conversation.Rememberer;
import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.evaluation.Beir;
import dev.memlane.cli.internal.evaluation.EarlierRun;
import dev.memlane.cli.internal.evaluation.EvalFacts;
import dev.memlane.cli.internal.evaluation.EvalMode;
import dev.memlane.cli.internal.evaluation.EvalReport;
import dev.memlane.cli.internal.evaluation.EvalResult;
import dev.memlane.cli.internal.evaluation.Evaluator;
import dev.memlane.cli.internal.evaluation.EvalSet;
import dev.memlane.cli.internal.evaluation.FactFigures;
import dev.memlane.cli.internal.evaluation.Locomo;
import dev.memlane.cli.internal.evaluation.LongMemEval;
import dev.memlane.cli.internal.evaluation.Variant;
import dev.memlane.cli.internal.ingestion.InputSource;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.SearchPart;
import dev.memlane.storage.postgres.Database;
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
import java.util.concurrent.atomic.LongAccumulator;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
        "Facts that a chat model makes of the conversations, against the turns as they are:",
        "  memlane eval --locomo locomo10.json --facts --chat-model gpt-5-mini --data facts", "",
        "Every turn or document becomes one memory. Of LoCoMo, questions of categories 1 to 4 count whose",
        "evidence ids are all turns, exactly as they are written. Each way to search is compared with the",
        "first one. Latencies are those of one search after the other, with the question's vector in the",
        "cache. Works in a temporary directory unless --data is given.", "",
        "With --facts, the texts of the conversations are sent to the model, and its provider may ask a",
        "price for that. A fact finds the turns that it comes from. The same is asked of turns, of facts,",
        "and of both together. A run that was interrupted resumes with the same --data, and pays for no",
        "answer twice; with another model, facts are made anew. The exit status is 1 if a part could not",
        "be remembered: what is in it counts as not found."})
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

  @Option(names = "--facts", order = 10, description = "Have a chat model remember LoCoMo's conversations as facts, and measure what is found through these, too.")
  private boolean facts;

  @Mixin
  private final ChatOptions chat = new ChatOptions();

  @Option(names = "--html", paramLabel = "FILE", description = "Write the figures as a page with bars, too.")
  private @Nullable Path html;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  private @Nullable EarlierRun earlier;
  /** What made the vectors, once it is known. */
  private @Nullable String model;
  /** What is known of the facts, once they are made. */
  private @Nullable FactFigures figures;

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
    requireChatOptions();
    Path given = context.options().givenData();
    if (given == null && context.options().jdbcUrl() != null) {
      throw new UsageException("with --jdbc-url, eval needs a --data directory too: it stores memories on that server");
    }
    if (!facts) {
      return measure(read(), given, null);
    }
    try (ChatModel chatModel = chat.open(context.environment())) {
      EvalSet set = read();
      return given == null ? measureInTemporary(set, chatModel) : measure(set, given, chatModel);
    }
  }

  private EvalSet read() {
    EvalSet set = dataSet.read();
    if (set.questions() == 0) {
      throw new CommandFailure("the data set has no question whose answer is among its memories");
    }
    earlier = against == null ? null : EarlierRun.read(against, set);
    return set;
  }

  private void requireChatOptions() {
    if (facts) {
      if (dataSet.locomo == null) {
        throw new UsageException("--facts goes with --locomo: the other data sets are no conversations between people");
      }
      if (ablate) {
        throw new UsageException(
            "--ablate is about turns, and --facts compares facts with them; leave out one of them");
      }
      return;
    }
    for (OptionSpec option : spec.options()) {
      String setting = SettingNames.of(option);
      if (setting != null && SettingNames.isOfChat(setting) && context.options().isGiven(setting)) {
        throw new UsageException(SettingNames.shown(option) + " goes with --facts: without it, no chat model is asked");
      }
    }
  }

  /** Keeps the directory unless all is done, because what the model has answered is in it. */
  private int measureInTemporary(EvalSet set, ChatModel chatModel) throws IOException {
    Path temporary = Files.createTempDirectory("memlane-eval");
    context.console().say("memlane: works in " + temporary + ", which is deleted at the end; if it does not come to "
        + "that, --data " + temporary + " resumes");
    int status = measure(set, temporary, chatModel);
    if (status == 0) {
      deleteTree(temporary);
    }
    return status;
  }

  /** @param given null for a directory that is deleted in any case */
  private int measure(EvalSet set, @Nullable Path given, @Nullable ChatModel chatModel) throws IOException {
    long start = System.nanoTime();
    Map<Variant, EvalResult> results = new HashMap<>();
    List<Variant> variants = variants();
    for (EmbeddedText embedded : EmbeddedText.values()) {
      List<Variant> some = variants.stream().filter(variant -> variant.embedded() == embedded).toList();
      if (!some.isEmpty()) {
        measure(set, some, given, embedded, chatModel, results);
      }
    }
    List<EvalResult> inOrder = variants.stream().map(variant -> Objects.requireNonNull(results.get(variant))).toList();
    FactFigures known = figures;
    report(new EvalReport(set, Objects.requireNonNull(model), inOrder, earlier, known), System.nanoTime() - start);
    if (known == null || known.complete()) {
      return 0;
    }
    context.console().say("memlane: " + known.missing() + "; 'memlane remember --retry all --data " + given
        + "' tries again");
    return 1;
  }

  private List<Variant> variants() {
    if (!ablate) {
      Stream<Variant> variants = (modes.isEmpty() ? List.of(EvalMode.values()) : modes).stream().distinct()
          .map(Variant::of);
      return (facts ? variants.flatMap(Variant::throughEach) : variants).toList();
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
      @Nullable ChatModel chatModel, Map<Variant, EvalResult> results) throws IOException {
    if (given != null && embedded == EmbeddedText.CONTENT) {
      measure(set, variants, embedded, given, chatModel, results);
      return;
    }
    Path temporary = Files.createTempDirectory("memlane-eval");
    try {
      measure(set, variants, embedded, temporary, null, results);
    } finally {
      deleteTree(temporary);
    }
  }

  private void measure(EvalSet set, List<Variant> variants, EmbeddedText embedded, Path directory,
      @Nullable ChatModel chatModel, Map<Variant, EvalResult> results) {
    try (LocalMemory session = context.openHere(directory, embedded)) {
      model = session.memory().embeddingModel();
      EvalFacts made = chatModel == null ? null : new EvalFacts(set, chat.description());
      Evaluator evaluation = new Evaluator(session.memory(), set, made, context.stop()::requested);
      try (ProgressBar bar = ProgressBar.start(context.console(), "Storing", " turns", set.memories())) {
        evaluation.store(bar);
      }
      if (made != null && chatModel != null) {
        figures = remember(session, directory, made, chatModel, set.memories());
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

  /** Has all conversations remembered, and returns what is known of the facts. */
  private FactFigures remember(LocalMemory session, Path directory, EvalFacts made, ChatModel chatModel,
      long messages) {
    RememberCounts counts = new RememberCounts();
    try (Database database = session.database()
        .orElseThrow(() -> new CommandFailure("this data is not that of a directory")).open();
        ProgressBar bar = ProgressBar.start(context.console(), "Remembering", " messages", messages)) {
      LongAccumulator done = new LongAccumulator(Math::max, 0);
      LongConsumer progress = remembered -> {
        done.accumulate(remembered);
        bar.at(done.get());
      };
      try (MemoryExtractor extractor = chat.extractor(session.memory(), database, chatModel)
          .onSlice(slice -> progress.accept(counts.add(slice))).build()) {
        Rememberer rememberer = new Rememberer(session.memory().conversations(), extractor, chat.concurrency(), 1,
            progress,
            context.console(), context.stop());
        rememberer.run(String.valueOf(dataSet.locomo), made.conversations(),
            "the directory has another conversation of "
                + "this name; measure in another one");
        // Figures on a part would mislead.
        String ended = rememberer.ended();
        if (ended != null) {
          throw new CommandFailure("ended early: " + ended + ". Nothing was measured (" + counts.summary()
              + "). Run it again with --data " + directory + " to resume");
        }
        if (rememberer.failed() > 0) {
          throw new CommandFailure("nothing was measured: of the conversations, "
              + TextLayout.number(rememberer.failed()) + " could not be remembered");
        }
        return made.figures(session.memory(), extractor, counts);
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
