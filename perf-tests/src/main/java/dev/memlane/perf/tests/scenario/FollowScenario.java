package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * Two processes on one database: how soon one finds what the other writes, and what it costs the writer that another
 * process follows.
 *
 * <p>
 * This process writes, 500 memories per second or as fast as it can. The other one ({@link Follower}) follows or does
 * not, in turns. Both run on one machine, so their clocks agree and they share its processors. The other process
 * searches only while the time to find a memory is measured, so that the cost of following alone is compared.
 */
public final class FollowScenario implements Scenario {

  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final int PER_SECOND = 500;
  private static final int CALLERS = 64;
  /** One in this many memories is searched for: more than a hundred per round. */
  private static final int SAMPLED = 20;
  private static final int TEXTS = 20_000;
  private static final int SCOPES = 1_000;
  private static final long SEED = 12;

  private static final String FOLLOWED = "followed by the other";
  private static final String OWN = "follows itself only";
  private static final String UNFOLLOWED = "no process follows";
  private static final String FOUND = "found by the other";
  private static final String STEADY = PER_SECOND + " a second";
  private static final String MOST = CALLERS + " callers";

  @Override
  public String name() {
    return "follow";
  }

  @Override
  public String title() {
    return "two processes on one database: how soon the other finds what one writes, and what that costs the writer";
  }

  @Override
  public void run(Bench bench) throws Exception {
    try (Server server = Server.start(bench.directory("data"));
        Follower.Handle follower = Follower.start(server.jdbcUrl(), server.folder("follower"))) {
      new Writing(server, follower).race(bench);
    }
    judge(bench.findings(), !bench.quick());
  }

  private static void judge(FindingCollector findings, boolean fullSize) {
    double interval = INTERVAL.toMillis();
    findings.judge("found by the other process, p50 in polling intervals",
        findings.median(FOUND, STEADY, Sample.P50) / interval, Verdict.Bar.atMost(1.2), fullSize);
    findings.judge("found by the other process, p99 in polling intervals",
        findings.median(FOUND, STEADY, Sample.P99) / interval, Verdict.Bar.atMost(1.5), fullSize);
    findings.judge("the writer's throughput at " + STEADY + ", followed over not followed",
        findings.ratio(Sample.PER_SECOND, STEADY, FOLLOWED, UNFOLLOWED), Verdict.Bar.atLeast(0.95), fullSize);
    findings.judge("the writer's p50 at " + STEADY + ", followed over not followed",
        findings.ratio(Sample.P50, STEADY, FOLLOWED, UNFOLLOWED), Verdict.Bar.atMost(1.05), fullSize);
    findings.note("At its highest throughput the writer keeps "
        + Math.round(100 * findings.ratio(Sample.PER_SECOND, MOST, FOLLOWED, UNFOLLOWED))
        + " %: there the other process puts every memory into its own index on the same processors.");
  }

  /** This process's part. */
  private static final class Writing {

    private final Server server;
    private final Follower.Handle follower;
    private final HashEmbedder embedder = new HashEmbedder();
    private final List<String> texts;
    private final List<float[]> vectors;
    private final AtomicLong number = new AtomicLong();

    Writing(Server server, Follower.Handle follower) throws IOException {
      this.server = server;
      this.follower = follower;
      this.texts = Texts.of(TEXTS, SEED);
      this.vectors = embedder.embed(texts).join();
    }

    void race(Bench bench) throws Exception {
      Duration steady = bench.slice(bench.size(8, 6));
      Duration most = bench.slice(bench.size(5, 4));
      List<Contestant> contestants = new ArrayList<>(List.of(new Contestant(FOUND, STEADY, () -> found(steady)),
          new Contestant(UNFOLLOWED, STEADY, () -> write(false, false, writer -> steady(writer, steady))),
          new Contestant(FOLLOWED, STEADY, () -> write(true, true, writer -> steady(writer, steady))),
          new Contestant(UNFOLLOWED, MOST, () -> write(false, false, writer -> closed(writer, most))),
          new Contestant(FOLLOWED, MOST, () -> write(true, true, writer -> closed(writer, most)))));
      if (!bench.quick()) {
        contestants.add(new Contestant(OWN, STEADY, () -> write(true, false, writer -> steady(writer, steady))));
        contestants.add(new Contestant(OWN, MOST, () -> write(true, false, writer -> closed(writer, most))));
      }
      bench.race(contestants);
    }

    @FunctionalInterface
    private interface Round {
      Sample run(MemoryOrchestrator writer) throws Exception;
    }

    /**
     * @param following whether this process follows, as every process does by default
     * @param followed whether the other process follows
     */
    private Sample write(boolean following, boolean followed, Round round) throws Exception {
      try (MemoryOrchestrator writer = server.builder(Follower.SCHEMA).embedder(embedder)
          .followEvery(following ? INTERVAL : Duration.ZERO).open()) {
        if (followed) {
          follower.follow();
        }
        try {
          return round.run(writer);
        } finally {
          if (followed) {
            follower.leave();
          }
        }
      }
    }

    private Sample steady(MemoryOrchestrator writer, Duration duration) throws Exception {
      Load.Outcome outcome = Load.open(PER_SECOND, duration, i -> add(writer, number.getAndIncrement()));
      if (outcome.failures() > 0) {
        throw new IllegalStateException(outcome.failures() + " writes failed");
      }
      return outcome.sample();
    }

    private Sample closed(MemoryOrchestrator writer, Duration duration) throws Exception {
      return Load.closed(CALLERS, duration, i -> add(writer, number.getAndIncrement()).join()).sample();
    }

    private Sample found(Duration duration) throws Exception {
      return write(true, true, writer -> {
        Load.open(PER_SECOND, duration, i -> {
          long n = number.getAndIncrement();
          CompletableFuture<Memory> added = add(writer, n);
          return i % SAMPLED == 0 ? added.thenAccept(memory -> follower.look(word(n))) : added;
        });
        Histogram lags = follower.lags();
        return new Sample(
            Map.of(Sample.P50, lags.getValueAtPercentile(50) / 1e6, Sample.P99,
                lags.getValueAtPercentile(99) / 1e6));
      });
    }

    private CompletableFuture<Memory> add(MemoryOrchestrator writer, long n) {
      int i = (int) (n % TEXTS);
      return writer.addMemory(NewMemory.builder(word(n) + " " + texts.get(i), Scope.user("user " + n % SCOPES))
          .embedding(new Embedding(embedder.model(), vectors.get(i))).build());
    }

    private static String word(long n) {
      return "word" + n + "x";
    }
  }
}
