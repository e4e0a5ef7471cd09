package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.embedding.Embedder;
import org.jspecify.annotations.Nullable;

/** A source of an embedder among the application's beans: the embedding models of one framework. */
interface EmbedderSource {

  /**
   * Finds the framework's embedding model.
   *
   * @return null if there is none
   * @throws MemoryOpeningException if there are several and none is primary, or if it can't be used
   */
  @Nullable
  Embedder find();

  /** The framework's name, for messages. */
  String framework();
}
