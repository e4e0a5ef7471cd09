package dev.memlane.testing;

import dev.memlane.model.store.VectorIndex;
import org.junit.jupiter.api.Nested;

/**
 * The contract of every vector index, as tests grouped by concern. Each implementation is a small subclass, which runs
 * all of them.
 */
public abstract class VectorIndexContract {

  /** Opens an empty index for {@link TestMemories#MODEL}; called once before each test. */
  protected abstract VectorIndex open();

  /** Closes the index; called once after each test. */
  protected void close(VectorIndex opened) {
    opened.close();
  }

  @Nested
  class Writes extends IndexWriteContract {
    Writes() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close);
    }
  }

  @Nested
  class Searches extends IndexSearchContract {
    Searches() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close);
    }
  }

  @Nested
  class Texts extends IndexTextContract {
    Texts() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close);
    }
  }

  @Nested
  class Filters extends IndexFilterContract {
    Filters() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close);
    }
  }

  @Nested
  class Life extends IndexLifeContract {
    Life() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close);
    }
  }
}
