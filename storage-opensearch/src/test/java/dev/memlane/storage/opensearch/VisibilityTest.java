package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.opensearch.cluster.HttpFront;
import dev.memlane.testing.TestMemories;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a process finds of another one's writes, in an index that the cluster does not refresh by itself for an hour. */
@Tag("programs")
class VisibilityTest {

  private static final String INDEX = "visibility";
  private static final Scope ADA = Scope.user("ada");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  @BeforeEach
  void begin() {
    RawCluster.delete(INDEX);
  }

  private static OpenSearchIndexBuilder builder(String host) {
    return OpenSearchIndex.builder(host).index(INDEX).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION)
        .replicas(0).refreshInterval(Duration.ofHours(1)).readTimeout(Duration.ofSeconds(5));
  }

  private static int found(OpenSearchIndex index) {
    return index.search(new IndexQuery(embedding("x"), "memory", List.of(ADA), null, 10, false)).join().lexical()
        .size();
  }

  @Test
  void writesOfAnIndexThatWasClosed_areFound() {
    try (OpenSearchIndex other = builder(RawCluster.shared()).open()) {
      try (OpenSearchIndex one = builder(RawCluster.shared()).open()) {
        assertThat(one.put(document(1, ADA, "memory"), LATER).join()).isInstanceOf(Applied.class);
        assertThat(found(other)).isZero();
      }

      assertThat(found(other)).isOne();
    }
  }

  @Test
  void indexWhoseClusterHasGone_isClosedWithoutAFailure() throws IOException {
    HttpFront front = new HttpFront(RawCluster.shared());
    OpenSearchIndex one = builder(front.address()).open();
    assertThat(one.put(document(1, ADA, "memory"), LATER).join()).isInstanceOf(Applied.class);
    front.close();

    assertThatCode(one::close).doesNotThrowAnyException();
  }
}
