package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.State;

/**
 * The small steps of every add and every search, each a benchmark that {@link MicroScenario} runs. Its title is made
 * from the method's name.
 */
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MicroBenchmarks {

  // Not constants, so that the compiler cannot compute results in advance.
  private Scope scope = new Scope("ada", "assistant", "run-2026-11-21");
  private String key = "conversation-17/turn-42";
  private String content = "Ada prefers to be called in the morning, before nine, and never on the day of the "
      + "quarterly review; she said so on the phone in March and again in November.";
  private HashEmbedder embedder = new HashEmbedder();
  private float[] vector = embedder.embed(List.of(content)).join().getFirst();
  private Metadata metadata = Metadata.of(Map.of("topic", "calls", "importance", 7, "source", "phone"));
  private Filter filter = Filter.and(Filter.equal("topic", "calls"), Filter.atLeast("importance", 5));

  @Benchmark
  public MemoryId idFromScopeAndKey() {
    return MemoryId.derive(scope, key);
  }

  @Benchmark
  public ContentHash hashOfAText() {
    return ContentHash.of("ada", content);
  }

  @Benchmark
  public List<float[]> hashEmbeddingOfAText() {
    return embedder.embed(List.of(content)).join();
  }

  @Benchmark
  public Embedding checkOfAVector() {
    return new Embedding("hash-384", vector);
  }

  @Benchmark
  public NewMemory checkOfAMemory() {
    return NewMemory.builder(content, scope).key(key).actor("ada").metadata(metadata).build();
  }

  @Benchmark
  public boolean filterOfTwoConditions() {
    return filter.matches(metadata, null);
  }
}
