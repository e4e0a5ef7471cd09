package dev.memlane.orchestrator;

import dev.memlane.model.EmbeddedText;
import dev.memlane.model.StoreException;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * The two folders between which an index moves when its model changes: the one that was configured, and one beside it.
 *
 * @param configured as {@link OrchestratorBuilder#indexDirectory} has it
 */
record IndexDirectories(Path configured) {

  private static final System.Logger LOGGER = System.getLogger(IndexDirectories.class.getName());

  private static final String SUFFIX = "-other-model";

  /** The folder that holds an index for a model; the configured one if neither does. */
  Path of(String model) {
    return !holds(configured, model) && holds(beside(), model) ? beside() : configured;
  }

  private static boolean holds(Path directory, String model) {
    Optional<String> vectors = LuceneVectorIndex.model(directory);
    return vectors.isPresent()
        && Arrays.stream(EmbeddedText.values()).anyMatch(text -> text.vectors(model).equals(vectors.get()));
  }

  private Path beside() {
    Path name = Objects.requireNonNull(configured.toAbsolutePath().getFileName(), "an index has a folder with a name");
    return configured.resolveSibling(name + SUFFIX);
  }

  /** The folder that is not this one. */
  Path otherThan(Path present) {
    return present.equals(configured) ? beside() : configured;
  }

  /**
   * Deletes an index that is not searched, if there is one. Nothing keeps it up to date, so it may contain texts that are
   * erased later. Only logs if it can't be deleted: the next opening deletes it.
   */
  static void delete(Path directory) {
    try {
      LuceneVectorIndex.delete(directory);
    } catch (StoreException e) {
      LOGGER.log(System.Logger.Level.WARNING,
          "the index in {0} is not used any more, but can''t be deleted now; the next "
              + "opening tries again: {1}",
          directory, e.getMessage());
    }
  }
}
