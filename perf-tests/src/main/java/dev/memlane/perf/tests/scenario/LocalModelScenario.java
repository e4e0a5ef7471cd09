package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Statistics;
import dev.memlane.perf.tests.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Ingestion of real text with the local model, compared with the embedder alone at its best request size, and with the other
 * local model alone; and the model's network with one text per run, compared with several texts per run.
 *
 * <p>
 * In each round all contestants get the same texts, and each round has new texts, so that no cache answers. Many more
 * texts are ingested before the first round: at a few hundred texts per second, the write path would still be compiled
 * after a minute, at the expense of the model.
 */
public final class LocalModelScenario implements Scenario {

  private static final List<Integer> REQUESTS = List.of(8, 32, 128);
  private static final List<Integer> RUNS = List.of(1, 8, 32);
  /**
   * More rounds than elsewhere: the compared figures differ by less than the machine's speed changes from one second to
   * the next.
   */
  private static final int ROUNDS = 11;
  private static final double TOKENS_A_WORD = 1.3;
  private static final int MARKERS = 2;
  private static final int SCOPES = 20;
  private static final int WARM_UP_BATCH = 1_000;
  private static final long SEED = 13;

  private static final String ALONE = "the embedder alone";
  private static final String OTHER_ALONE = "e5-small-v2 alone";
  private static final int OTHER_REQUEST = 32;
  private static final String INGEST = "ingest";
  private static final String NETWORK = "the network alone";

  @Override
  public String name() {
    return "model";
  }

  @Override
  public String title() {
    return "ingest of real text with the local model, against the embedder alone at its best batch size";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int size = bench.size(1_000, 250);
    int rounds = bench.size(ROUNDS, bench.rounds());
    List<String> texts = Texts.of(size * (1 + rounds), SEED);
    try (LocalEmbedder embedder = new LocalEmbedder();
        LocalEmbedder other = new LocalEmbedder(LocalModel.E5_SMALL_V2);
        SentenceNetwork network = SentenceNetwork.load();
        Memlane memlane = Memlane.builder(bench.directory("data")).open()) {
      warmUp(bench, memlane);
      List<Contestant> contestants = new ArrayList<>();
      for (int request : REQUESTS) {
        contestants.add(contestant(ALONE, requests(request), texts, size, part -> embed(embedder, part, request)));
      }
      contestants.add(contestant(OTHER_ALONE, requests(OTHER_REQUEST), texts, size,
          part -> embed(other, part, OTHER_REQUEST)));
      contestants.add(contestant(INGEST, "", texts, size, part -> ingest(memlane, part)));
      bench.race(contestants, rounds);
      List<Contestant> networks = new ArrayList<>();
      for (int run : RUNS) {
        networks.add(contestant(NETWORK, runs(run), texts, size,
            part -> network.compute(part.stream().map(LocalModelScenario::tokens).toList(), run)));
      }
      bench.race(networks);
    }
    judge(bench.findings(), !bench.quick());
  }

  private static void judge(FindingCollector findings, boolean fullSize) {
    String best = Objects.requireNonNull(REQUESTS.stream().map(LocalModelScenario::requests)
        .max(Comparator.comparingDouble(parameter -> findings.median(ALONE, parameter, Sample.PER_SECOND)))
        .orElse(null));
    List<Double> ingest = findings.rounds(INGEST, "", Sample.PER_SECOND);
    List<Double> alone = findings.rounds(ALONE, best, Sample.PER_SECOND);
    findings.judge("ingest over the embedder alone at its best, " + best,
        Statistics.median(IntStream.range(0, ingest.size()).mapToObj(i -> ingest.get(i) / alone.get(i)).toList()),
        Verdict.Bar.atLeast(0.95), fullSize);
    findings.note("The embedder computes one text a run, whatever the request's size.");
  }

  private static String requests(int texts) {
    return "requests of " + texts + " texts";
  }

  private static String runs(int texts) {
    return texts == 1 ? "runs of 1 text" : "padded runs of " + texts + " texts";
  }

  @FunctionalInterface
  private interface Work {
    void on(List<String> texts) throws IOException;
  }

  /** Returns the texts of a round. */
  private static Contestant contestant(String name, String parameter, List<String> texts, int size, Work work) {
    AtomicInteger rounds = new AtomicInteger();
    return new Contestant(name, parameter, () -> {
      int round = rounds.getAndIncrement();
      List<String> part = texts.subList(round * size, (round + 1) * size);
      long start = System.nanoTime();
      work.on(part);
      return Sample.of(Sample.PER_SECOND, size / ((System.nanoTime() - start) / 1e9));
    });
  }

  private static void embed(LocalEmbedder embedder, List<String> texts, int request) {
    for (int from = 0; from < texts.size(); from += request) {
      embedder.embed(texts.subList(from, Math.min(texts.size(), from + request))).join();
    }
  }

  /** Ingests some texts with vectors that cost nothing, in a directory of their own, and then some with the model. */
  private static void warmUp(Bench bench, Memlane memlane) throws IOException {
    Path elsewhere = bench.directory("warm-up");
    try (Memlane cheap = Memlane.builder(elsewhere).embedder(new HashEmbedder()).open()) {
      ingest(cheap, bench.size(100_000, 5_000));
    }
    Directories.delete(elsewhere);
    ingest(memlane, bench.size(10_000, 250));
  }

  private static void ingest(Memlane memlane, int count) throws IOException {
    List<String> texts = Texts.of(count, SEED + 1);
    for (int from = 0; from < count; from += WARM_UP_BATCH) {
      ingest(memlane, texts.subList(from, Math.min(count, from + WARM_UP_BATCH)));
    }
  }

  private static void ingest(Memlane memlane, List<String> texts) {
    List<NewMemory> memories = IntStream.range(0, texts.size())
        .mapToObj(i -> NewMemory.of(texts.get(i), Scope.user("user " + i % SCOPES))).toList();
    for (WriteOutcome outcome : memlane.blocking().addMemories(memories)) {
      if (!(outcome instanceof WriteOutcome.Stored)) {
        throw new IllegalStateException(outcome.describe());
      }
    }
  }

  private static int tokens(String text) {
    return (int) Math.round(text.split(" ", -1).length * TOKENS_A_WORD) + MARKERS;
  }
}
