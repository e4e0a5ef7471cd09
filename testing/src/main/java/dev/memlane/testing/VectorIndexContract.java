package dev.memlane.testing;

import dev.memlane.model.store.VectorIndex;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The contract of every vector index, as tests grouped by concern. Each implementation is a small subclass, which runs
 * all of them; the groups run at the same time where JUnit may do that.
 */
public abstract class VectorIndexContract {

  /** Opens an empty index for {@link TestMemories#MODEL}; called once before each test. */
  protected abstract VectorIndex open();

  /** Closes the index; called once after each test. */
  protected void close(VectorIndex opened) {
    opened.close();
  }

  /**
   * One in how many steps of the long tests are taken: more than 1 for an index whose every step is a request to another
   * process. The tests and their seeds are the same.
   */
  protected int oneIn() {
    return 1;
  }

  /** How far scores may be from (1 + cosine) / 2: more than rounding for an index that does not keep vectors as they are. */
  protected double scoreTolerance() {
    return 1e-5;
  }

  @Nested
  @Execution(ExecutionMode.CONCURRENT)
  class Writes extends IndexWriteContract {
    Writes() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close, oneIn());
    }
  }

  @Nested
  @Execution(ExecutionMode.CONCURRENT)
  class Searches extends IndexSearchContract {
    Searches() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close, oneIn(), scoreTolerance());
    }
  }

  @Nested
  @Execution(ExecutionMode.CONCURRENT)
  class Texts extends IndexTextContract {
    Texts() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close, oneIn());
    }
  }

  @Nested
  @Execution(ExecutionMode.CONCURRENT)
  class Filters extends IndexFilterContract {
    Filters() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close, oneIn());
    }
  }

  @Nested
  @Execution(ExecutionMode.CONCURRENT)
  class Life extends IndexLifeContract {
    Life() {
      super(VectorIndexContract.this::open, VectorIndexContract.this::close, oneIn());
    }
  }
}
