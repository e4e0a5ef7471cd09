package dev.memlane.storage.opensearch;

import dev.memlane.model.store.VectorIndex;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.VectorIndexContract;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;

/**
 * The contract of every index, on an index of one shard, because several make each refresh dearer; other tests have several.
 * The long tests take a fifth of their steps, or all with {@code -Dmemlane.sample=all}.
 */
@Tag("programs")
class OpenSearchIndexContractTest extends VectorIndexContract {

  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Map<VectorIndex, String> NAMES = new ConcurrentHashMap<>();

  @Override
  protected int oneIn() {
    return Sample.of(5, 1);
  }

  @Override
  protected VectorIndex open() {
    String name = "contract" + NUMBER.incrementAndGet();
    VectorIndex opened = OpenSearchIndex.builder(RawCluster.shared()).index(name).model(TestMemories.MODEL)
        .dimension(TestMemories.DIMENSION).replicas(0).open();
    NAMES.put(opened, name);
    return opened;
  }

  @Override
  protected void close(VectorIndex opened) {
    opened.close();
    RawCluster.delete(Objects.requireNonNull(NAMES.remove(opened)));
  }
}
