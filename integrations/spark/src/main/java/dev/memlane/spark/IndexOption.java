package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.orchestrator.WriterSettings;
import java.util.List;

/** The index that processes share, as the task that needs it names it. Immutable. */
record IndexOption(OptionClass type) implements WriterSettings.SharedIndexFactory {

  static IndexOption ofClass(String name) {
    return new IndexOption(new OptionClass(SourceOptions.SHARED_INDEX, name,
        List.of(SharedIndexOpener.class, WriterSettings.SharedIndexFactory.class)));
  }

  /**
   * Checks on the driver what can be checked without opening the index.
   *
   * @throws InvalidInputException if there is no such class
   */
  void check() {
    type.check();
  }

  @Override
  public SharedIndexOpener create() {
    Object created = type.create();
    return created instanceof WriterSettings.SharedIndexFactory factory
        ? factory.create()
        : (SharedIndexOpener) created;
  }
}
