package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.WriterSettings;
import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Writers with an index on OpenSearch, whose settings were sent to them as those of a job are. */
@Tag("slow")
class OpenSearchWriterTest {

  @Test
  void writer_putsItsDocumentsIntoTheSharedIndexItself() throws Exception {
    String cluster = TestCluster.shared().hosts().getFirst().toString();
    String index = "writer-" + UUID.randomUUID();
    WriterSettings settings = sent(WriterSettings.of(TestServer.freshDatabase(), HashEmbedder::new)
        .withSharedIndex(() -> OpenSearchIndex.builder(cluster).index(index).replicas(0)));

    try (MemoryWriter one = settings.open(); MemoryWriter other = settings.open()) {
      assertThat(one.addMemories(IntStream.range(0, 50).mapToObj(i -> NewMemory.of("fact " + i, Scope.user("ada")))
          .toList()).join()).allMatch(outcome -> outcome.succeeded());
      assertThat(other.add(NewMemory.of("Bo lives in Oslo", Scope.user("bo"))).join().succeeded()).isTrue();
    }

    // No process that follows the log has been open.
    assertThat(documents(cluster, index)).isEqualTo(51);
  }

  private static WriterSettings sent(WriterSettings settings) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream output = new ObjectOutputStream(bytes)) {
      output.writeObject(settings);
    }
    try (ObjectInputStream input = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (WriterSettings) input.readObject();
    }
  }

  private static int documents(String cluster, String index) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(cluster + "/" + index + "*/_count")).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return new ObjectMapper().readTree(client.send(request, BodyHandlers.ofByteArray()).body()).get("count")
          .intValue();
    }
  }
}
