package dev.memlane.cli.internal.command;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.SharedMemory;
import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.opensearch.OpenSearchIndexBuilder;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import java.util.UUID;
import org.junit.jupiter.api.Tag;

/** The promises of a memory whose index is on OpenSearch, through commands. The files of the cluster's node count too. */
@Tag("slow")
class OpenSearchDoorTest extends MemoryDoorContract {

  @Override
  protected MemoryDoor open(DoorStage stage) {
    TestCluster cluster = TestCluster.shared();
    OpenSearchIndexBuilder index = OpenSearchIndex.builder(cluster.hosts().getFirst().toString())
        .index("door-" + UUID.randomUUID()).replicas(0);
    MemoryOrchestrator memory = stage.closing(MemoryOrchestrator.builder().embedder(new HashEmbedder())
        .postgres(stage.databaseUrl(), null, null)
        .sharedIndex((contents, anew) -> stage.faulty(index.open(contents, anew), cluster.directory())).open());
    return new CommandDoor(new CommandRunner(builder -> new SharedMemory.Opened(memory, () -> {}),
        stage.directory().resolve("data"), stage.directory()));
  }
}
