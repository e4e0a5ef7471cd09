package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Load;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.HdrHistogram.Histogram;
import org.apache.lucene.util.VectorUtil;

/**
 * A process that stores many memories and measures them. It prints figures, each as a name, a tab and a number, and
 * what it is doing, without a tab.
 */
final class GrownWorker {

  static final String FIRST_TENTH = "adds a second, first tenth";
  static final String LAST_TENTH = "adds a second, last tenth";
  static final String IN_SCOPE = "search in a scope: p50 ms";
  static final String EVERYWHERE = "search over all scopes: p50 ms";
  static final String WITHOUT_GRAPHS = "search over all scopes right after ingestion: p50 ms";
  static final String RECALL = "recall@10 over all scopes";
  static final String DONE = "done";

  private static final long SEED = 17;
  private static final int SCOPES = 10_000;
  private static final int PAGE = 2_000;
  private static final int TENTHS = 10;
  private static final int QUERIES = 300;
  private static final int RECALL_QUERIES = 100;
  private static final int ADDS = 1_000;
  private static final int LIMIT = 10;
  private static final Duration LONGEST_MERGING = Duration.ofHours(2);
  private static final double NANOS_A_MILLI = 1e6;
  private static final double NANOS_A_SECOND = 1e9;
  private static final double MEGABYTE = 1e6;

  private final Corpus corpus = new Corpus(SEED, SCOPES);
  private final PrintStream output;
  private final Path directory;
  private final int count;

  private GrownWorker(PrintStream output, Path directory, int count) {
    this.output = output;
    this.directory = directory;
    this.count = count;
  }

  /** The arguments: a directory, how many memories, how many rounds of searches. */
  public static void main(String[] arguments) throws Exception {
    Logger.getLogger("").setLevel(Level.SEVERE);
    PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // The output of a library is no figure.
    System.setOut(System.err);
    new GrownWorker(output, Path.of(arguments[0]), Integer.parseInt(arguments[1])).run(Integer.parseInt(arguments[2]));
    output.println(DONE);
  }

  private void run(int rounds) throws InterruptedException {
    try (Memlane memlane = open()) {
      ingest(memlane);
      figure(WITHOUT_GRAPHS, p50(memlane, false));
      long begun = System.nanoTime();
      output.println("waiting until the graphs are built");
      FilledMemory.awaitGraphs(LONGEST_MERGING);
      figure("until the graphs are built: s", (System.nanoTime() - begun) / NANOS_A_SECOND);
      for (int round = 0; round <= rounds; round++) {
        double inScope = p50(memlane, true);
        double everywhere = p50(memlane, false);
        if (round > 0) {
          figure(IN_SCOPE, inScope);
          figure(EVERYWHERE, everywhere);
        }
      }
      figure(RECALL, recall(memlane));
      figure("add: p50 ms", adds(memlane));
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      figure("heap after collection MB", (runtime.totalMemory() - runtime.freeMemory()) / MEGABYTE);
      begun = System.nanoTime();
      memlane.blocking().verify(false);
      figure("verify: s", (System.nanoTime() - begun) / NANOS_A_SECOND);
    }
    long begun = System.nanoTime();
    try (Memlane memlane = open()) {
      memlane.blocking().search(request(corpus.query(0), true));
      figure("opening after an orderly end: s", (System.nanoTime() - begun) / NANOS_A_SECOND);
    }
  }

  private Memlane open() {
    return Memlane.builder(directory).embedder(FilledMemory.noEmbedder()).open();
  }

  private void figure(String name, double value) {
    output.println(name + "\t" + value);
  }

  private void ingest(Memlane memlane) {
    for (int tenth = 0; tenth < TENTHS; tenth++) {
      output.println("storing, tenth " + (tenth + 1) + " of " + TENTHS);
      long spent = 0;
      int end = (int) ((tenth + 1L) * count / TENTHS);
      int begin = (int) ((long) tenth * count / TENTHS);
      for (int from = begin; from < end; from += PAGE) {
        List<NewMemory> page = new ArrayList<>();
        for (int i = from; i < Math.min(end, from + PAGE); i++) {
          page.add(corpus.memory(i).toNewMemory());
        }
        long begun = System.nanoTime();
        List<WriteOutcome> outcomes = memlane.blocking().addMemories(page);
        spent += System.nanoTime() - begun;
        for (WriteOutcome outcome : outcomes) {
          if (!outcome.succeeded()) {
            throw new IllegalStateException(outcome.describe());
          }
        }
      }
      double perSecond = (end - begin) / (spent / NANOS_A_SECOND);
      figure(tenth == 0 ? FIRST_TENTH : tenth == TENTHS - 1 ? LAST_TENTH : "adds a second, in between", perSecond);
    }
  }

  private double p50(Memlane memlane, boolean scoped) {
    Histogram latencies = Load.histogram();
    for (int i = 0; i < QUERIES; i++) {
      Corpus.Item query = corpus.query(i);
      long begun = System.nanoTime();
      memlane.blocking().search(request(query, scoped));
      latencies.recordValue(System.nanoTime() - begun);
    }
    return latencies.getValueAtPercentile(50) / NANOS_A_MILLI;
  }

  private static SearchRequest request(Corpus.Item query, boolean scoped) {
    SearchRequest.Builder request = SearchRequest.builder(query.text()).embedding(query.embedding())
        .mode(SearchRequest.Mode.SEMANTIC).limit(LIMIT);
    return scoped ? request.scope(query.scope()).build() : request.everywhere().build();
  }

  /** Compares searches with exact ones. One pass over all vectors, because they don't fit into the heap. */
  private double recall(Memlane memlane) {
    record Near(String text, float similarity) {}
    List<Corpus.Item> queries = new ArrayList<>();
    List<PriorityQueue<Near>> nearest = new ArrayList<>();
    for (int i = 0; i < RECALL_QUERIES; i++) {
      queries.add(corpus.query(i));
      nearest.add(new PriorityQueue<>(Comparator.comparingDouble(Near::similarity)));
    }
    for (int number = 0; number < count; number++) {
      Corpus.Item item = corpus.memory(number);
      for (int i = 0; i < RECALL_QUERIES; i++) {
        PriorityQueue<Near> best = nearest.get(i);
        float similarity = VectorUtil.dotProduct(item.embedding().vector(), queries.get(i).embedding().vector());
        if (best.size() < LIMIT || similarity > best.element().similarity) {
          best.add(new Near(item.text(), similarity));
          if (best.size() > LIMIT) {
            best.remove();
          }
        }
      }
    }
    int found = 0;
    for (int i = 0; i < RECALL_QUERIES; i++) {
      List<String> texts = nearest.get(i).stream().map(Near::text).toList();
      for (SearchHit hit : memlane.blocking().search(request(queries.get(i), false))) {
        found += texts.contains(hit.memory().content()) ? 1 : 0;
      }
    }
    return found / (double) (RECALL_QUERIES * LIMIT);
  }

  private double adds(Memlane memlane) {
    Histogram latencies = Load.histogram();
    for (int i = 0; i < ADDS; i++) {
      NewMemory memory = corpus.memory(count + i).toNewMemory();
      long begun = System.nanoTime();
      memlane.blocking().addMemory(memory);
      latencies.recordValue(System.nanoTime() - begun);
    }
    return latencies.getValueAtPercentile(50) / NANOS_A_MILLI;
  }
}
