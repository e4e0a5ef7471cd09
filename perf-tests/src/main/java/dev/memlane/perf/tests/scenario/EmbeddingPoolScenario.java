package dev.memlane.perf.tests.scenario;

import dev.memlane.cli.Main;
import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.OpenAiEmbedder;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Statistics;
import dev.memlane.perf.tests.Verdict;
import dev.memlane.testing.EmbeddingProvider;
import dev.memlane.testing.EmbeddingProvider.Fault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One pool over several keys and endpoints, compared with the most that the settings of its providers allow. The
 * providers are HTTP servers in this process that enforce limits and latencies as real ones do.
 */
public final class EmbeddingPoolScenario implements Scenario {

  private static final Duration LATENCY = Duration.ofMillis(50);
  private static final Duration TIMEOUT = Duration.ofMillis(400);
  private static final int KEYS = 3;
  private static final int DIMENSION = 64;
  private static final int TEXTS_A_REQUEST = 4;
  private static final double A_KEYS_SHARE = 1.0 / KEYS;
  private static final long SEED = 17;
  private static final long TENTH = 100_000_000L;

  private static final String KEY_BY_KEY = "keys and requests in flight";
  private static final String UNEQUAL = "10, 50 and 200 ms, 4 in flight each";
  private static final String MOVING = "a limit of 16 that halves and doubles";
  private static final String INGEST = "ingest with three keys";
  private static final String BUSY = "share of what the keys allow";

  @Override
  public String name() {
    return "embedding-pool";
  }

  @Override
  public String title() {
    return "one pool over several keys and endpoints, against what their own settings allow";
  }

  @Override
  public void run(Bench bench) throws Exception {
    FindingCollector findings = bench.findings();
    List<Contestant> contestants = new ArrayList<>();
    contestants.add(new Contestant(KEY_BY_KEY, "1 key, 1", () -> keys(bench, 1, 1)));
    contestants.add(new Contestant(KEY_BY_KEY, "3 keys, 1 each", () -> keys(bench, KEYS, 1)));
    contestants.add(new Contestant(KEY_BY_KEY, "3 keys, 5 each", () -> keys(bench, KEYS, 5)));
    contestants.add(new Contestant(UNEQUAL, "the pool", () -> unequal(bench, EmbeddingPoolScenario::pooled)));
    contestants.add(new Contestant(UNEQUAL, "plain sockets", () -> unequal(bench, EmbeddingPoolScenario::plain)));
    contestants.add(new Contestant(MOVING, "", () -> moving(bench)));
    bench.race(contestants, bench.size(bench.rounds(), 1));
    boolean full = !bench.quick();
    List<Double> one = findings.rounds(KEY_BY_KEY, "1 key, 1", Sample.PER_SECOND);
    findings.judge("three keys with 1 request in flight each over one",
        FindingCollector.ratio(findings.rounds(KEY_BY_KEY, "3 keys, 1 each", Sample.PER_SECOND), one),
        Verdict.Bar.atLeast(2.9), full);
    findings.judge("three keys with 5 requests in flight each over one with 1",
        FindingCollector.ratio(findings.rounds(KEY_BY_KEY, "3 keys, 5 each", Sample.PER_SECOND), one),
        Verdict.Bar.atLeast(14), full);
    findings.judge("endpoints of 10, 50 and 200 ms, over plain sockets that keep each of them full",
        FindingCollector.ratio(findings.rounds(UNEQUAL, "the pool", Sample.PER_SECOND),
            findings.rounds(UNEQUAL, "plain sockets", Sample.PER_SECOND)),
        Verdict.Bar.atLeast(0.95), full);
    findings.judge("refused of the requests to a limit that halves and doubles",
        findings.median(MOVING, "", "refused"), Verdict.Bar.atMost(0.02), full);
    for (Trouble trouble : Trouble.values()) {
      if (full || trouble == Trouble.HANGS) {
        faults(bench, trouble);
      }
    }
    endToEnd(bench);
  }

  /** One provider for each endpoint, so that one of them can fail. */
  private static final class Site implements AutoCloseable {
    final EmbeddingProvider provider;
    final EmbeddingProvider.Key key;

    Site(int dimension) {
      provider = EmbeddingProvider.start(dimension);
      key = provider.key("secret");
    }

    Embedder client() {
      return OpenAiEmbedder.at(provider.url(), "test", DIMENSION).apiKey(ApiKey.of("secret"))
          .limits(new Embedder.Limits(TEXTS_A_REQUEST, 10_000)).build();
    }

    @Override
    public void close() {
      provider.close();
    }
  }

  private static List<Site> sites(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Site(DIMENSION)).toList();
  }

  private static EndlessTexts feed(List<Site> sites, Function<Site, EndpointLimits> limits, int outstanding) {
    EmbedderPool.Builder pool = EmbedderPool.builder();
    for (int i = 0; i < sites.size(); i++) {
      pool.endpoint("endpoint " + i, sites.get(i).client(), limits.apply(sites.get(i)));
    }
    return new EndlessTexts(BatchingEmbedder.builder(pool.build()).cacheBytes(0).build(), outstanding);
  }

  /** Texts per second, and their share of the most that the keys allow. */
  private static Sample measured(Bench bench, EndlessTexts texts, double most) throws InterruptedException {
    texts.perSecond(bench.slice(1).toNanos());
    double perSecond = texts.perSecond(bench.slice(bench.size(4, 3)).toNanos());
    requireNoFailures(texts);
    return new Sample(Map.of(Sample.PER_SECOND, perSecond, BUSY, perSecond / most));
  }

  private static void requireNoFailures(EndlessTexts texts) {
    if (texts.failures() > 0) {
      throw new IllegalStateException(texts.failures() + " texts failed", texts.firstFailure());
    }
  }

  private static double perSecond(Duration latency, int concurrency) {
    return TEXTS_A_REQUEST * concurrency / (latency.toNanos() / 1e9);
  }

  private static Sample keys(Bench bench, int keys, int concurrency) throws InterruptedException {
    List<Site> sites = sites(keys);
    sites.forEach(site -> site.key.latency(LATENCY).concurrency(concurrency));
    int places = keys * concurrency;
    try (EndlessTexts texts = feed(sites, site -> EndpointLimits.none().concurrency(concurrency),
        3 * places * TEXTS_A_REQUEST)) {
      return measured(bench, texts, perSecond(LATENCY, places));
    } finally {
      sites.forEach(Site::close);
    }
  }

  /** Measures endpoints with different latencies. */
  @FunctionalInterface
  private interface Feed {
    Sample measure(Bench bench, List<Site> sites, int concurrency, double most)
        throws IOException, InterruptedException;
  }

  private static Sample unequal(Bench bench, Feed feed) throws IOException, InterruptedException {
    List<Duration> latencies = List.of(Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(200));
    int concurrency = 4;
    List<Site> sites = sites(latencies.size());
    double most = 0;
    for (int i = 0; i < sites.size(); i++) {
      sites.get(i).key.latency(latencies.get(i)).concurrency(concurrency);
      most += perSecond(latencies.get(i), concurrency);
    }
    try {
      return feed.measure(bench, sites, concurrency, most);
    } finally {
      sites.forEach(Site::close);
    }
  }

  private static Sample pooled(Bench bench, List<Site> sites, int concurrency, double most)
      throws InterruptedException {
    try (EndlessTexts texts = feed(sites, site -> EndpointLimits.none().concurrency(concurrency),
        3 * KEYS * concurrency * TEXTS_A_REQUEST)) {
      return measured(bench, texts, most);
    }
  }

  /** The best possible assignment: no endpoint is ever idle. */
  private static Sample plain(Bench bench, List<Site> sites, int concurrency, double most)
      throws IOException, InterruptedException {
    String texts = IntStream.range(0, TEXTS_A_REQUEST)
        .mapToObj(i -> "\"the text of number " + i + ", which no other caller has\"").collect(Collectors.joining(","));
    try (PlainSockets sockets = new PlainSockets()) {
      for (Site site : sites) {
        sockets.keepFull(site.provider.url(), "secret", concurrency,
            "{\"model\":\"test\",\"encoding_format\":\"base64\",\"input\":[" + texts + "]}");
      }
      sockets.perSecond(bench.slice(1).toNanos());
      double perSecond = TEXTS_A_REQUEST * sockets.perSecond(bench.slice(bench.size(4, 3)).toNanos());
      return new Sample(Map.of(Sample.PER_SECOND, perSecond, BUSY, perSecond / most));
    }
  }

  /** A limit that is not configured. The pool has to find it out and follow it. */
  private static Sample moving(Bench bench) throws InterruptedException {
    int limit = 16;
    List<Site> sites = sites(1);
    EmbeddingProvider.Key key = sites.getFirst().key.latency(LATENCY).concurrency(limit);
    try (EndlessTexts texts = feed(sites, site -> EndpointLimits.none(), 4 * limit * TEXTS_A_REQUEST)) {
      texts.perSecond(bench.slice(bench.size(3, 1)).toNanos());
      key.reset();
      double done = 0;
      double most = 0;
      for (int phase : new int[]{limit, limit / 2, limit, limit / 2}) {
        key.concurrency(phase);
        done += texts.perSecond(bench.slice(bench.size(5, 2)).toNanos());
        most += perSecond(LATENCY, phase);
      }
      requireNoFailures(texts);
      return new Sample(Map.of("refused", (double) key.refused() / key.requests(), BUSY, done / most));
    } finally {
      sites.forEach(Site::close);
    }
  }

  /** The fault of one of three endpoints. */
  private enum Trouble {
    HANGS("hangs"), REFUSES("refuses connections"), FAILS("answers with status 500");

    private final String text;

    Trouble(String text) {
      this.text = text;
    }

    void begin(Site site) {
      switch (this) {
        case HANGS -> site.key.fault(Fault.HANG);
        case REFUSES -> site.provider.goDown();
        case FAILS -> site.key.fault(Fault.ERROR);
      }
    }

    void end(Site site) {
      if (this == REFUSES) {
        site.provider.comeBack();
      } else {
        site.key.fault(null);
      }
    }
  }

  private static void faults(Bench bench, Trouble trouble) throws InterruptedException {
    List<Double> kept = new ArrayList<>();
    List<Double> used = new ArrayList<>();
    int failures = 0;
    List<Double> line = new ArrayList<>();
    Random random = new Random(SEED);
    for (int round = 0; round < bench.size(bench.rounds(), 1); round++) {
      bench.say("one of three endpoints " + trouble.text + ", round " + (round + 1));
      line.clear();
      List<Site> sites = sites(KEYS);
      sites.forEach(site -> site.key.latency(LATENCY).concurrency(5));
      EndpointLimits limits = EndpointLimits.none().concurrency(5).timeout(TIMEOUT);
      try (EndlessTexts texts = feed(sites, site -> limits, 3 * KEYS * 5 * TEXTS_A_REQUEST)) {
        texts.perSecond(bench.slice(1).toNanos());
        double before = watched(texts, bench.slice(3), line);
        Site bad = sites.getFirst();
        trouble.begin(bad);
        watched(texts, Duration.ofSeconds(1), line);
        double during = watched(texts, bench.slice(9), line);
        // At a time between two probes.
        watched(texts, Duration.ofMillis(random.nextInt(1_000)), line);
        int answered = bad.key.texts();
        long ended = System.nanoTime();
        trouble.end(bad);
        while (bad.key.texts() == answered && System.nanoTime() - ended < 1e10) {
          Thread.sleep(1);
        }
        used.add((System.nanoTime() - ended) / 1e9);
        watched(texts, bench.slice(3), line);
        kept.add(during / before);
        failures += texts.failures();
      } finally {
        sites.forEach(Site::close);
      }
    }
    for (int i = 0; i < kept.size(); i++) {
      bench.findings().add("one of three " + trouble.text, "", "throughput kept", kept.get(i));
      bench.findings().add("one of three " + trouble.text, "", "seconds until used again", used.get(i));
    }
    boolean full = !bench.quick();
    bench.findings().judge("one of three " + trouble.text + ": operations that failed", failures,
        Verdict.Bar.atMost(0), full);
    bench.findings().judge("one of three " + trouble.text + ": throughput kept after the first second",
        Statistics.median(kept), Verdict.Bar.atLeast(1 - A_KEYS_SHARE - 0.1), full);
    bench.findings().judge("one of three " + trouble.text + ": seconds until it is used again",
        used.stream().mapToDouble(Double::doubleValue).max().orElseThrow(), Verdict.Bar.atMost(1), full);
    bench.findings().plot(new Plot("One of three endpoints " + trouble.text, "seconds", "texts a second", false, false,
        List.of(new Plot.Line("texts a second",
            IntStream.range(0, line.size()).mapToObj(i -> i / 10.0).toList(), List.copyOf(line)))));
  }

  /** Returns the mean throughput, and adds that of each tenth of a second to the line. */
  private static double watched(EndlessTexts texts, Duration duration, List<Double> line) throws InterruptedException {
    long before = texts.done();
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < duration.toNanos()) {
      line.add(texts.perSecond(TENTH));
    }
    return (texts.done() - before) / ((System.nanoTime() - begun) / 1e9);
  }

  // End to end

  /** The limits of the keys, and the share of them that was used. */
  private enum Limited {
    AT_A_TIME("4 requests at a time"), A_MINUTE("2,400 requests a minute");

    static final int CONCURRENCY = 4;
    static final int PER_MINUTE = 2_400;

    private final String text;

    Limited(String text) {
      this.text = text;
    }

    String setting() {
      return this == AT_A_TIME ? "concurrency = " + CONCURRENCY : "requests-per-minute = " + PER_MINUTE;
    }

    void limit(EmbeddingProvider.Key key) {
      key.latency(LATENCY);
      if (this == AT_A_TIME) {
        key.concurrency(CONCURRENCY);
      } else {
        key.requestsPerMinute(PER_MINUTE);
      }
    }

    double used(EmbeddingProvider.Key key) {
      return this == AT_A_TIME
          ? (double) key.busyNanos() / CONCURRENCY / key.activeNanos()
          : (key.requests() - key.refused()) / (PER_MINUTE / 60e9 * key.activeNanos());
    }
  }

  private static void endToEnd(Bench bench) throws Exception {
    int lines = bench.size(20_000, 2_000);
    Path file = bench.directory("lines").resolve("lines.jsonl");
    Files.createDirectories(file.getParent());
    Files.writeString(file, IntStream.range(0, lines)
        .mapToObj(
            i -> "{\"content\":\"note " + i + " of what was said, as it is remembered\",\"user\":\"u" + i % 100 + "\"}")
        .collect(Collectors.joining("\n")));
    List<Contestant> contestants = new ArrayList<>();
    List<Limited> measured = bench.quick() ? List.of(Limited.AT_A_TIME) : List.of(Limited.values());
    for (Limited limited : measured) {
      contestants.add(new Contestant(INGEST, limited.text, () -> ingest(bench, limited, file, lines)));
    }
    bench.race(contestants, bench.size(bench.rounds(), 1));
    for (Limited limited : measured) {
      bench.findings().judge("ingest, three keys with " + limited.text + ": used of the one used least",
          bench.findings().median(INGEST, limited.text, BUSY), Verdict.Bar.atLeast(0.95), !bench.quick());
    }
  }

  private static Sample ingest(Bench bench, Limited limited, Path file, int lines) throws IOException {
    List<EmbeddingProvider> providers = IntStream.range(0, KEYS).mapToObj(i -> EmbeddingProvider.start(384)).toList();
    List<EmbeddingProvider.Key> keys = providers.stream().map(provider -> provider.key("")).toList();
    try {
      keys.forEach(limited::limit);
      StringBuilder toml = new StringBuilder("[embedding]\nmodel = \"test\"\ndimension = 384\n");
      for (EmbeddingProvider provider : providers) {
        toml.append("[[embedding.endpoints]]\ntexts = 16\nurl = \"").append(provider.url()).append("\"\n")
            .append(limited.setting()).append('\n');
      }
      Path data = bench.directory("data");
      Path configuration = Files.writeString(file.resolveSibling("memlane.toml"), toml);
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      ByteArrayOutputStream errors = new ByteArrayOutputStream();
      int status = Main.run(InputStream.nullInputStream(), new PrintStream(answer, true, StandardCharsets.UTF_8),
          new PrintStream(errors, true, StandardCharsets.UTF_8), "--data", data.toString(), "--config",
          configuration.toString(), "--json", "ingest", file.toString());
      if (status != 0) {
        throw new IOException("ingest: " + errors.toString(StandardCharsets.UTF_8));
      }
      Directories.delete(data);
      double used = keys.stream().mapToDouble(limited::used).min().orElseThrow();
      int refused = keys.stream().mapToInt(EmbeddingProvider.Key::refused).sum();
      double seconds = keys.stream().mapToLong(EmbeddingProvider.Key::activeNanos).max().orElseThrow() / 1e9;
      return new Sample(Map.of(Sample.PER_SECOND, lines / seconds, BUSY, used, "refused", (double) refused));
    } finally {
      providers.forEach(EmbeddingProvider::close);
    }
  }
}
