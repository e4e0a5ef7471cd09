package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.storage.opensearch.cluster.HttpFront;
import dev.memlane.testing.TestCertificates;
import dev.memlane.testing.TestMemories;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that is reached over TLS: it is used if its certificate is trusted, and learns nothing otherwise. */
@Tag("slow")
class EncryptionTest {

  private static final String SECRET = "hunter2";
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  @TempDir
  static Path folder;

  private static TestCertificates certificate;
  private static TestCertificates other;
  private static TestCertificates ofAnotherMachine;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificate = TestCertificates.make(folder, "cluster", "EC");
    other = TestCertificates.make(folder, "other", "EC");
    ofAnotherMachine = TestCertificates.ofAnother(folder, "another");
  }

  private static OpenSearchIndexBuilder builder(HttpFront front, TestCertificates trusted) throws Exception {
    return OpenSearchIndex.builder(front.address()).index("encrypted").model(TestMemories.MODEL)
        .dimension(TestMemories.DIMENSION).replicas(0).user("ada", SECRET)
        .trustCertificate(trusted.writeCertificate(folder.resolve("trusted.pem")));
  }

  private static HttpFront front(TestCertificates shown) throws Exception {
    return new HttpFront(RawCluster.shared(), shown.serving());
  }

  @Test
  void clusterWithATrustedCertificate_isUsed() throws Exception {
    try (HttpFront front = front(certificate); OpenSearchIndex index = builder(front, certificate).open()) {
      assertThat(index.put(document(1, Scope.user("ada"), "one"), LATER).join()).isInstanceOf(Applied.class);
      assertThat(index.names(null, 10).join()).hasSize(1);
    }
  }

  @Test
  void clusterWithAnotherCertificate_isRefused_andGetsNoRequest() throws Exception {
    try (HttpFront front = front(certificate)) {
      assertRefused(front, builder(front, other));
    }
  }

  @Test
  void clusterWithTheCertificateOfAnotherMachine_isRefused_andGetsNoRequest() throws Exception {
    try (HttpFront front = front(ofAnotherMachine)) {
      assertRefused(front, builder(front, ofAnotherMachine));
    }
  }

  @Test
  void clusterWhoseAuthorityIsNotNamed_isRefused() throws Exception {
    try (HttpFront front = front(certificate)) {
      assertRefused(front, OpenSearchIndex.builder(front.address()).index("encrypted").model(TestMemories.MODEL)
          .dimension(TestMemories.DIMENSION).user("ada", SECRET));
    }
  }

  private static void assertRefused(HttpFront front, OpenSearchIndexBuilder builder) {
    assertThatThrownBy(builder::open).isInstanceOf(StoreException.class).hasMessageContaining(front.address())
        .hasMessageContaining("no secure connection").message().doesNotContain(SECRET);
    assertThat(front.requests()).isEmpty();
  }
}
