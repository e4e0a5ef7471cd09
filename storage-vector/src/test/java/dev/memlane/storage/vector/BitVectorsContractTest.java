package dev.memlane.storage.vector;

import dev.memlane.model.VectorType;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.VectorIndexContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * The index's contract with bits beside the vectors. The long tests take a fifth of their steps, or all with
 * {@code -Dmemlane.sample=all}.
 */
@Tag("slow")
class BitVectorsContractTest extends VectorIndexContract {

  @TempDir
  private Path folder;

  @Override
  protected int oneIn() {
    return Sample.of(5, 1);
  }

  @Override
  protected VectorIndex open() {
    return LuceneVectorIndex.builder(folder).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION)
        .vectors(VectorType.BIT).exactLimit(0).graphThreshold(1).open();
  }
}
