package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.testing.TestMemories;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the cluster's files hold of removed documents. */
@Tag("programs")
class ExpungeTest {

  private static final String INDEX = "expunge";
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  private static OpenSearchIndexBuilder builder() {
    return OpenSearchIndex.builder(RawCluster.shared()).index(INDEX).model(TestMemories.MODEL)
        .dimension(TestMemories.DIMENSION).shards(2).replicas(0);
  }

  /** Counted by the cluster, in all copies. */
  private static int removed() {
    return RawCluster.send("GET", "/" + INDEX + "/_stats/docs", "").path("_all").path("total").path("docs")
        .path("deleted").asInt();
  }

  @Test
  void expunge_leavesNoRemovedDocumentInTheFiles() {
    RawCluster.delete(INDEX);
    try (OpenSearchIndex index = builder().open()) {
      for (int i = 0; i < 40; i++) {
        index.put(document(i, Scope.user("ada"), "memory " + i), LATER).join();
      }
      index.commit().join();
      for (int i = 0; i < 8; i++) {
        index.removeAll(id(i)).join();
      }
      index.commit().join();
      assertThat(removed()).isPositive();
      try (OpenSearchIndex hasty = builder().expungePatience(Duration.ofMillis(1)).open()) {
        // It doesn't know which, because it did not remove them.
        assertThat(hasty.holdsRemoved(List.of(id(30))).join()).isTrue();
        assertThatThrownBy(() -> hasty.expunge().join()).hasCauseInstanceOf(StoreException.class)
            .hasMessageContaining("removed documents");
        assertThat(hasty.holdsRemoved(List.of(id(30))).join()).isTrue();
      }

      index.expunge().join();

      assertThat(removed()).isZero();
      assertThat(index.holdsRemoved(List.of(id(1))).join()).isFalse();
      assertThat(index.names(null, 100).join()).hasSize(32);
    }
  }
}
