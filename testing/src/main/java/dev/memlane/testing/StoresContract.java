package dev.memlane.testing;

import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;
import org.junit.jupiter.api.Nested;

/**
 * The contract of every pair of a core and a history store over one database, as tests grouped by concern. Each
 * implementation is a small subclass, which runs all of them.
 */
public abstract class StoresContract {

  /** The two stores and their units over an empty database. */
  public record Opened(Units units, CoreStore core, HistoryStore history) {}

  /** Opens empty stores that keep vectors of {@link TestOperations#MODEL}; called once before each test. */
  protected abstract Opened open();

  @Nested
  class Writes extends StoreWriteContract {
    Writes() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class UnitsOfWork extends UnitContract {
    UnitsOfWork() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class Fences extends FenceContract {
    Fences() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class Feed extends ChangeFeedContract {
    Feed() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class LogReads extends LogReadContract {
    LogReads() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class Reads extends StoreReadContract {
    Reads() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class Purges extends PurgeContract {
    Purges() {
      super(StoresContract.this::open);
    }
  }

  @Nested
  class Archives extends ArchiveContract {
    Archives() {
      super(StoresContract.this::open);
    }
  }
}
