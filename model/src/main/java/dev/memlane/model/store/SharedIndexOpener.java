package dev.memlane.model.store;

import java.util.Locale;

/** The function that opens an index that several processes share; its implementations know where that is. */
@FunctionalInterface
public interface SharedIndexOpener {

  /**
   * Opens the index, and makes it if it does not exist yet.
   *
   * @param model the name of the vectors
   * @param dimension of the vectors, in numbers
   * @param language the language of the texts
   * @throws dev.memlane.model.MemlaneException if it can't be opened, or holds other vectors or another language
   */
  SharedIndex open(String model, int dimension, Locale language);
}
