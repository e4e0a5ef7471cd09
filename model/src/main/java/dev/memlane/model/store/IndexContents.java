package dev.memlane.model.store;

import java.util.Locale;
import java.util.Objects;

/**
 * What an index that several processes share is made for. An index never holds anything else: two databases that wrote to one
 * index would each remove what the other has put there.
 *
 * @param database the identity of the database whose memories it holds; a copy made with {@code pg_dump} has another one
 * @param model the name of the vectors
 * @param dimension of the vectors, in numbers; at least 1
 * @param language the language of the texts
 */
public record IndexContents(String database, String model, int dimension, Locale language) {

  public IndexContents {
    Objects.requireNonNull(database, "database");
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(language, "language");
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension is " + dimension + "; it must be at least 1");
    }
  }
}
