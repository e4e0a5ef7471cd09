package dev.memlane.perf.tests;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Measures durable adds in a closed loop: so many callers, each adding one memory after the other, vectors given, into an
 * embedded PostgreSQL that syncs to disk, the index and the history.
 *
 * <p>
 * Rounds over the numbers of callers go in turns, so that a noisy machine disturbs all alike. It prints the median over
 * the rounds; the latencies are those of single calls, in milliseconds.
 */
public final class AddLoad {

  private static final int[] CALLERS = {1, 8, 64, 256};

  private final BlockingMemory memory;
  private final AtomicLong number = new AtomicLong();

  private AddLoad(BlockingMemory memory) {
    this.memory = memory;
  }

  private record Round(double perSecond, double p50, double p99) {}

  /** Arguments: rounds (5), seconds a round (3). */
  public static void main(String[] arguments) throws IOException {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
    double seconds = arguments.length > 1 ? Double.parseDouble(arguments[1]) : 3;
    Path directory = Files.createTempDirectory("memlane-perf");
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      new AddLoad(memlane.blocking()).run(rounds, seconds);
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(AddLoad::delete);
      }
    }
  }

  private void run(int rounds, double seconds) {
    for (int callers : CALLERS) {
      round(callers, 1);
    }
    List<List<Round>> measured = new ArrayList<>();
    for (int ignored : CALLERS) {
      measured.add(new ArrayList<>());
    }
    for (int i = 0; i < rounds; i++) {
      for (int c = 0; c < CALLERS.length; c++) {
        measured.get(c).add(round(CALLERS[c], seconds));
      }
    }
    System.out.printf(Locale.ROOT, "%8s %12s %10s %10s   (medians of %d rounds)%n", "callers", "adds/s", "p50 ms",
        "p99 ms", rounds);
    for (int c = 0; c < CALLERS.length; c++) {
      List<Round> all = measured.get(c);
      System.out.printf(Locale.ROOT, "%8d %12.0f %10.2f %10.2f%n", CALLERS[c], median(all, Round::perSecond),
          median(all, Round::p50), median(all, Round::p99));
    }
  }

  private Round round(int callers, double seconds) {
    long start = System.nanoTime();
    long end = start + (long) (seconds * 1e9);
    List<CompletableFuture<long[]>> running = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      CompletableFuture<long[]> latencies = new CompletableFuture<>();
      running.add(latencies);
      Thread.ofVirtual().start(() -> {
        try {
          latencies.complete(addUntil(end));
        } catch (RuntimeException e) {
          latencies.completeExceptionally(e);
        }
      });
    }
    long[] all = running.stream().map(CompletableFuture::join).flatMapToLong(Arrays::stream).sorted().toArray();
    double elapsed = (System.nanoTime() - start) / 1e9;
    return new Round(all.length / elapsed, all[all.length / 2] / 1e6, all[(int) (all.length * 0.99)] / 1e6);
  }

  private long[] addUntil(long end) {
    List<Long> latencies = new ArrayList<>();
    for (long now = System.nanoTime(); now < end;) {
      long i = number.getAndIncrement();
      memory.addMemory(NewMemory.builder("memory number " + i, Scope.user("user " + i % 1_000))
          .embedding(new Embedding("hash-384", vector(i))).build());
      long then = System.nanoTime();
      latencies.add(then - now);
      now = then;
    }
    return latencies.stream().mapToLong(Long::longValue).toArray();
  }

  private static float[] vector(long seed) {
    float[] vector = new float[384];
    long state = seed * 0x9E3779B97F4A7C15L + 1;
    for (int i = 0; i < vector.length; i++) {
      state ^= state << 13;
      state ^= state >>> 7;
      state ^= state << 17;
      vector[i] = (state >> 40) / 1e7f;
    }
    return vector;
  }

  private static double median(List<Round> rounds, ToDoubleFunction<Round> value) {
    double[] sorted = rounds.stream().mapToDouble(value).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
