package dev.memlane.storage.opensearch;

import dev.memlane.model.store.VectorIndex;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.VectorIndexContract;

/** The contract of every index, on an index of two shards. */
class OpenSearchIndexContractTest extends VectorIndexContract {

  private static final String INDEX = "contract";

  @Override
  protected VectorIndex open() {
    RawCluster.delete(INDEX);
    return OpenSearchIndex.builder(RawCluster.shared()).index(INDEX).model(TestMemories.MODEL)
        .dimension(TestMemories.DIMENSION).shards(2).replicas(0).open();
  }
}
