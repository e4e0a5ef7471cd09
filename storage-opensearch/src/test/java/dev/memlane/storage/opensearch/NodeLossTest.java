package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestMemories;
import java.net.URI;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Two processes write to a cluster of three nodes while nodes stop and come back: one of them, or each in turn with
 * {@code -Dmemlane.sample=all}.
 */
@Tag("slow")
class NodeLossTest {

  private static final Scope ADA = Scope.user("ada");

  private static final int LOST = Sample.of(1, 3);

  private final Set<DocumentName> applied = ConcurrentHashMap.newKeySet();
  private final Set<DocumentName> notApplied = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean enough = new AtomicBoolean();
  private final AtomicBoolean written = new AtomicBoolean();

  @Test
  void everyAppliedPut_isThere_andArrives() {
    try (TestCluster cluster = TestCluster.start(3);
        OpenSearchIndex one = open(cluster);
        OpenSearchIndex other = open(cluster)) {
      CompletableFuture<?> writers = CompletableFuture.allOf(CompletableFuture.runAsync(() -> write(one, 0)),
          CompletableFuture.runAsync(() -> write(other, 1_000_000)));
      CompletableFuture<Set<DocumentName>> reader = CompletableFuture.supplyAsync(() -> follow(one));
      for (int node = 0; node < LOST; node++) {
        awaitMore(300);
        cluster.stop(node);
        awaitMore(300);
        cluster.restart(node);
        awaitGreen(cluster);
      }
      enough.set(true);
      writers.join();
      written.set(true);

      Set<DocumentName> there = new HashSet<>(other.names(null, 1_000_000).join());
      assertThat(there).containsAll(applied);
      assertThat(notApplied).doesNotContainAnyElementsOf(there);
      assertThat(reader.join()).containsAll(there);
    }
  }

  private static OpenSearchIndex open(TestCluster cluster) {
    return OpenSearchIndex.builder(cluster.hosts().stream().map(URI::toString).toArray(String[]::new)).index("loss")
        .model(TestMemories.MODEL).dimension(TestMemories.DIMENSION).shards(2).replicas(1).open();
  }

  private void write(OpenSearchIndex index, int first) {
    for (int i = first; !enough.get(); i++) {
      DocumentName name = new DocumentName(id(i), op(i));
      StoreResult result = index.put(document(i, ADA, "memory " + i), Instant.now().plusSeconds(10)).join();
      if (result instanceof Applied) {
        applied.add(name);
      } else if (result instanceof NotApplied) {
        notApplied.add(name);
      }
    }
  }

  /** Reads the arrivals to the end, while there are ever more. */
  private Set<DocumentName> follow(OpenSearchIndex index) {
    Set<DocumentName> arrived = new HashSet<>();
    String position = null;
    boolean last = false;
    while (!last) {
      last = written.get();
      try {
        position = read(index, position, index.end().join(), arrived);
      } catch (CompletionException e) {
        // A node was lost at this moment. What was read before stays read.
        assertThat(e).hasCauseInstanceOf(StoreException.class);
        last = false;
      }
    }
    return arrived;
  }

  private static String read(OpenSearchIndex index, @Nullable String after, String end, Set<DocumentName> arrived) {
    String at = after;
    Arrivals page;
    do {
      page = index.arrivals(at, end, 50).join();
      arrived.addAll(page.documents());
      at = page.next();
    } while (page.more());
    return at;
  }

  private void awaitMore(int count) {
    int before = applied.size();
    while (applied.size() < before + count) {
      CompletableFuture.runAsync(() -> assertThat(enough).isFalse(),
          CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS)).join();
    }
  }

  private static void awaitGreen(TestCluster cluster) {
    String host = cluster.hosts().getFirst().toString();
    assertThat(RawCluster.send(host, "GET", "/_cluster/health?wait_for_status=green&timeout=60s", "").path("status")
        .asText()).isEqualTo("green");
  }
}
