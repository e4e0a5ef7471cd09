package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atLeast;
import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.model.Filter;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.apache.lucene.util.VectorUtil;

/**
 * Searches with given query vectors: by meaning and hybrid, in a scope and over all scopes, with a filter, during
 * writes, and with several callers; and the recall of searches by meaning.
 */
public final class SearchScenario implements Scenario {

  private static final long SEED = 7;
  private static final int SMALL = 10_000;
  private static final int LARGE = 100_000;
  private static final int SCOPES = 1_000;
  private static final int LIMIT = 10;
  private static final int QUERIES = 2_000;
  private static final int RECALL_QUERIES = 200;
  private static final int CALLERS = 8;
  private static final double WRITES_PER_SECOND = 50;
  private static final double ROUND_SECONDS = 1.5;
  private static final String RECALL = "recall@10";
  private static final String ONE_CALLER = "1 caller";

  @Override
  public String name() {
    return "search";
  }

  @Override
  public String title() {
    return "searches of 10,000 and 100,000 memories in 1,000 scopes, vectors given, against exact search";
  }

  /** Where a search looks. */
  private enum Where {
    SCOPE("in a scope", true, false), FILTERED_SCOPE("in a scope, filtered", true, true), EVERYWHERE("over all scopes",
        false, false), FILTERED_EVERYWHERE("over all scopes, filtered", false, true);

    private final String words;
    private final boolean scoped;
    private final boolean filtered;

    Where(String words, boolean scoped, boolean filtered) {
      this.words = words;
      this.scoped = scoped;
      this.filtered = filtered;
    }
  }

  @Override
  public void run(Bench bench) throws Exception {
    bench.findings()
        .note("Vectors: " + Corpus.DIMENSION + " dimensions, gathered around topics; a filter passes one of "
            + Corpus.KINDS + "; limit " + LIMIT + "; while writing: " + (int) WRITES_PER_SECOND
            + " adds per second during the searches.");
    measure(bench, SMALL);
    if (!bench.quick()) {
      measure(bench, LARGE);
      judge(bench.findings());
    }
  }

  private static void measure(Bench bench, int count) throws Exception {
    Corpus corpus = new Corpus(SEED, SCOPES);
    try (FilledMemory filled = FilledMemory.open(bench, "memories-" + count, corpus, count)) {
      bench.findings().note(String.format(Locale.ROOT, "With %,d memories, %s.", count, filled.index()));
      new SearchScenario.Run(bench, corpus, filled, count).run();
    }
  }

  private static void judge(FindingCollector findings) {
    String scope = contestant(Mode.SEMANTIC, Where.SCOPE, LARGE);
    String everywhere = contestant(Mode.SEMANTIC, Where.EVERYWHERE, LARGE);
    findings.judge(scope + ": p50 ms", findings.median(scope, ONE_CALLER, Sample.P50), atMost(1), true);
    findings.judge(scope + ": p99 ms", findings.median(scope, ONE_CALLER, Sample.P99), atMost(5), true);
    findings.judge(scope + ": recall@10", findings.median(scope, ONE_CALLER, RECALL), atLeast(1), true);
    String hybrid = contestant(Mode.HYBRID, Where.SCOPE, LARGE);
    findings.judge(hybrid + ": p50 ms", findings.median(hybrid, ONE_CALLER, Sample.P50), atMost(3), true);
    findings.judge(everywhere + ": recall@10", findings.median(everywhere, ONE_CALLER, RECALL), atLeast(0.95), true);
    findings.judge(everywhere + ": p50 ms", findings.median(everywhere, ONE_CALLER, Sample.P50), atMost(5), true);
  }

  private static String contestant(Mode mode, Where where, int count) {
    return String.format(Locale.ROOT, "%,d, %s, %s", count, mode == Mode.SEMANTIC ? "by meaning" : "hybrid",
        where.words);
  }

  /** Measures one size. */
  private static final class Run {

    private final Bench bench;
    private final Corpus corpus;
    private final FilledMemory filled;
    private final int count;
    private final List<Corpus.Item> queries = new ArrayList<>();
    private final Map<String, Histogram> latencies = new LinkedHashMap<>();
    private final AtomicLong written = new AtomicLong();

    Run(Bench bench, Corpus corpus, FilledMemory filled, int count) {
      this.bench = bench;
      this.corpus = corpus;
      this.filled = filled;
      this.count = count;
      this.written.set(count);
      for (int i = 0; i < QUERIES; i++) {
        queries.add(corpus.query(i));
      }
    }

    void run() throws Exception {
      recall();
      List<Contestant> contestants = new ArrayList<>();
      for (Mode mode : List.of(Mode.SEMANTIC, Mode.HYBRID)) {
        for (Where where : Where.values()) {
          String name = contestant(mode, where, count);
          contestants.add(new Contestant(name, ONE_CALLER, () -> sample(name, mode, where, 1)));
        }
        for (Where where : List.of(Where.SCOPE, Where.EVERYWHERE)) {
          String name = contestant(mode, where, count);
          contestants.add(new Contestant(name, CALLERS + " callers", () -> load(mode, where, CALLERS).sample()));
        }
      }
      bench.race(contestants);
      // Measured last, because the writes stay: all others are measured with the index as it was.
      List<Contestant> whileWriting = new ArrayList<>();
      for (Mode mode : List.of(Mode.SEMANTIC, Mode.HYBRID)) {
        for (Where where : List.of(Where.SCOPE, Where.EVERYWHERE)) {
          String name = contestant(mode, where, count);
          whileWriting.add(new Contestant(name, ONE_CALLER + ", while writing",
              () -> whileWriting(name + ", while writing", mode, where)));
        }
      }
      bench.race(whileWriting);
      bench.findings().plotLatencies(String.format(Locale.ROOT, "Searches of %,d memories, one caller", count),
          latencies);
    }

    private Sample sample(String name, Mode mode, Where where, int callers) throws Exception {
      Load.Outcome outcome = load(mode, where, callers);
      Histogram all = latencies.get(name);
      if (all == null) {
        // The first round is the warm-up.
        latencies.put(name, Load.histogram());
      } else {
        all.add(outcome.latencies());
      }
      return outcome.sample();
    }

    private Load.Outcome load(Mode mode, Where where, int callers) throws Exception {
      return Load.closed(callers, bench.slice(ROUND_SECONDS), number -> {
        List<SearchHit> hits = filled.blocking().search(request(queries.get((int) (number % QUERIES)), mode, where));
        if (hits.isEmpty() && !where.filtered) {
          throw new IllegalStateException("nothing was found " + where.words);
        }
      });
    }

    private Sample whileWriting(String name, Mode mode, Where where) throws Exception {
      AtomicBoolean over = new AtomicBoolean();
      CompletableFuture<Long> writer = CompletableFuture.supplyAsync(() -> write(over),
          task -> Thread.ofVirtual().start(task));
      Sample sample;
      try {
        sample = sample(name, mode, where, 1);
      } finally {
        over.set(true);
      }
      Map<String, Double> values = new HashMap<>(sample.values());
      values.put("adds per second", writer.get() / (bench.slice(ROUND_SECONDS).toNanos() / 1e9));
      return new Sample(values);
    }

    /** Adds memories at a fixed rate, or as fast as they are stored if that is slower, until it is stopped. */
    private long write(AtomicBoolean over) {
      long start = System.nanoTime();
      long adds = 0;
      while (!over.get()) {
        long wait = start + (long) (adds / WRITES_PER_SECOND * 1e9) - System.nanoTime();
        if (wait > 0) {
          LockSupport.parkNanos(wait);
          continue;
        }
        filled.blocking().addMemory(corpus.memory(written.getAndIncrement()).toNewMemory());
        adds++;
      }
      return adds;
    }

    private SearchRequest request(Corpus.Item query, Mode mode, Where where) {
      SearchRequest.Builder request = SearchRequest.builder(query.text()).embedding(query.embedding()).mode(mode)
          .limit(LIMIT);
      if (where.filtered) {
        request.filter(Filter.equal(Corpus.KIND, query.kind()));
      }
      return where.scoped ? request.scope(query.scope()).build() : request.everywhere().build();
    }

    /** Measures the recall of each kind of search by meaning, before anything else is written. */
    private void recall() {
      bench.say("comparing with exact search");
      float[][] vectors = new float[count][];
      int[] kinds = new int[count];
      for (int i = 0; i < count; i++) {
        vectors[i] = corpus.memory(i).embedding().vector();
        kinds[i] = corpus.kindOf(i);
      }
      for (Where where : Where.values()) {
        long wanted = 0;
        long found = 0;
        for (int i = 0; i < RECALL_QUERIES; i++) {
          Corpus.Item query = queries.get(i);
          int kind = corpus.kindOf(i);
          IntPredicate matches = number -> (!where.filtered || kinds[number] == kind)
              && (!where.scoped || corpus.scopeOf(number).equals(query.scope()));
          Set<Integer> nearest = nearest(vectors, query.embedding().vector(), matches);
          wanted += nearest.size();
          found += filled.blocking().search(request(query, Mode.SEMANTIC, where)).stream()
              .filter(hit -> nearest.contains(filled.numberOf(hit.memory().id()))).count();
        }
        bench.findings().add(contestant(Mode.SEMANTIC, where, count), ONE_CALLER, RECALL, (double) found / wanted);
      }
    }

    private static Set<Integer> nearest(float[][] vectors, float[] query, IntPredicate matches) {
      record Near(int number, float similarity) {}
      PriorityQueue<Near> best = new PriorityQueue<>(Comparator.comparingDouble(Near::similarity));
      for (int i = 0; i < vectors.length; i++) {
        if (matches.test(i)) {
          best.add(new Near(i, VectorUtil.dotProduct(vectors[i], query)));
          if (best.size() > LIMIT) {
            best.remove();
          }
        }
      }
      return best.stream().map(Near::number).collect(Collectors.toSet());
    }
  }
}
