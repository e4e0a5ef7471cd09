package dev.memlane.storage.vector;

import dev.memlane.model.store.VectorIndex;
import dev.memlane.testing.TestMemories;
import dev.memlane.testing.VectorIndexContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class LuceneVectorIndexContractTest extends VectorIndexContract {

  @TempDir
  private Path folder;

  @Override
  protected VectorIndex open() {
    return LuceneVectorIndex.builder(folder).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION).open();
  }
}
