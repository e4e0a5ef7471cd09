package dev.memlane.storage.core;

import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The embedding model whose vectors a store keeps, as the table {@code embedding_model} lists it.
 *
 * @param number the model's number in the database
 */
record VectorModel(short number, String name, int dimension) {

  /**
   * Adds the model to the table if it isn't there.
   *
   * @throws StoreException if the database can't be reached, or lists the model with another dimension
   */
  static VectorModel register(Database database, String name, int dimension) {
    return database.writeNow("opening the core store", handle -> {
      handle.createUpdate("insert into embedding_model (name, dimension) values (:name, :dimension) "
          + "on conflict (name) do nothing").bind("name", name).bind("dimension", dimension).execute();
      VectorModel known = handle.createQuery("select id, dimension from embedding_model where name = :name")
          .bind("name", name).map((row, context) -> new VectorModel(row.getShort(1), name, row.getInt(2))).one();
      if (known.dimension != dimension) {
        throw new StoreException(
            "the database holds vectors of " + known.dimension + " dimensions by the model \"" + name
                + "\", but the embedder makes " + dimension + "; give another model another name",
            null);
      }
      return known;
    });
  }

  /** The names of all models in the table. */
  static Set<String> names(Database database) {
    return database.writeNow("opening the core store", handle -> Set
        .copyOf(handle.createQuery("select name from embedding_model").mapTo(String.class).list()));
  }

  /** Whether the model made this vector. */
  boolean made(Embedding embedding) {
    return embedding.model().equals(name) && embedding.dimension() == dimension;
  }

  /** @throws InvalidInputException if another model made the vector */
  void requireMade(MemoryId memory, Embedding embedding) {
    if (!made(embedding)) {
      throw new InvalidInputException("the vector of memory " + memory + " is " + embedding
          + "; this store keeps vectors of \"" + name + "\" with " + dimension + " dimensions");
    }
  }

  /** A stored vector of the model; null for null. */
  @Nullable
  Embedding embedding(byte @Nullable [] bytes) {
    return bytes == null ? null : new Embedding(name, Vectors.fromBytes(bytes));
  }
}
