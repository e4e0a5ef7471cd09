package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.DocumentName;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.Traces;
import java.nio.file.Path;
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

  /** Counted in all segments that files hold, whether or not a commit or searches still need them. */
  private static int removedInSegments() {
    int removed = 0;
    JsonNode index = RawCluster.send("GET", "/" + INDEX + "/_segments", "").path("indices").elements().next();
    for (JsonNode copies : index.path("shards")) {
      for (JsonNode copy : copies) {
        for (JsonNode segment : copy.path("segments")) {
          removed += segment.path("deleted_docs").asInt();
        }
      }
    }
    return removed;
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

  /** Searches go on to read a segment, and so its files stay, until the next refresh. */
  @Test
  void expunge_ofWhatSearchesNoLongerFind_leavesNothingOfItInTheFiles() {
    RawCluster.delete(INDEX);
    try (OpenSearchIndex index = builder().refreshInterval(Duration.ofHours(1)).open()) {
      index.put(document(1, Scope.user("ada"), "theorbo"), LATER).join();
      index.put(document(2, Scope.user("ada"), "crumhorn"), LATER).join();
      index.commit().join();
      assertThat(index.names(null, 100).join()).hasSize(2);
      index.removeAll(id(1)).join();
      assertThat(index.names(null, 100).join()).hasSize(1);
      assertThat(removedInSegments()).isPositive();

      index.expunge().join();

      assertThat(filesWith("theorbo")).isEmpty();
      assertThat(removedInSegments()).isZero();
    }
  }

  /** A document that was removed before it was in a segment of a commit is in the log alone. */
  @Test
  void expunge_ofWhatOnlyTheLogHolds_leavesNothingOfItInTheFiles() {
    RawCluster.delete(INDEX);
    try (OpenSearchIndex index = builder().refreshInterval(Duration.ofHours(1)).open()) {
      index.put(document(1, Scope.user("ada"), "theorbo"), LATER).join();
      index.remove(new DocumentName(id(1), op(1))).join();
      assertThat(filesWith("theorbo")).isNotEmpty();
      assertThat(index.holdsRemoved(List.of(id(1))).join()).isTrue();
      try (OpenSearchIndex next = builder().open()) {
        assertThat(next.holdsRemoved(List.of(id(1))).join()).isTrue();
      }

      index.expunge().join();

      assertThat(filesWith("theorbo")).isEmpty();
      assertThat(index.holdsRemoved(List.of(id(1))).join()).isFalse();
    }
  }

  private static List<Path> filesWith(String word) {
    return Traces.inFiles(TestCluster.shared().directory(), word);
  }
}
