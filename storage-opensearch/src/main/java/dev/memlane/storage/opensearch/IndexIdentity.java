package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.VectorType;
import dev.memlane.storage.vector.IncompatibleIndexException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The identity of an index, recorded in its mapping: what all processes that share it must agree about.
 *
 * @param database the database whose memories it holds; empty if it is not said
 * @param model the embedding model's name
 * @param dimension the vectors' dimension
 * @param language the language of its words
 * @param vectors whether vectors are stored as floats or bytes
 * @param routing what decides which shard holds a memory
 */
record IndexIdentity(String database, String model, int dimension, Locale language, VectorType vectors,
    Routing routing) {

  /** What documents hold. */
  private static final String FORMAT = "1";
  private static final String DATABASE = "database";

  ObjectNode toJson() {
    return JsonNodeFactory.instance.objectNode().put("format", FORMAT).put(DATABASE, database).put("model", model)
        .put("dimension", dimension)
        .put("language", language.toLanguageTag()).put("vectors", vectors.toString())
        .put("routing", routing.toString());
  }

  /**
   * Checks that an index has an identity, this one or another.
   *
   * @param found the identity in its mapping; null if there is none
   * @throws IncompatibleIndexException if Memlane has not made it
   */
  static JsonNode requireAny(@Nullable JsonNode found, String index) {
    if (found == null || !found.isObject()) {
      throw new IncompatibleIndexException("the index \"" + index
          + "\" on OpenSearch was not made by Memlane; give Memlane a name of its own");
    }
    return found;
  }

  /**
   * Checks that an index has this identity.
   *
   * @throws IncompatibleIndexException if it has another one
   */
  void requireSame(JsonNode found, String index) {
    for (var each : toJson().properties()) {
      String expected = each.getValue().asText();
      String actual = found.path(each.getKey()).asText();
      if (!expected.equals(actual) && each.getKey().equals(DATABASE)) {
        throw new IncompatibleIndexException("the index \"" + index + "\" on OpenSearch holds the memories of another "
            + "database: give this one an index of its own. If the database was moved here, for example by a dump, or "
            + "its server was upgraded, run `memlane reindex` to build the index for it");
      }
      if (!expected.equals(actual)) {
        throw new IncompatibleIndexException("the index \"" + index + "\" on OpenSearch was made with the "
            + each.getKey() + " " + actual + ", but " + expected + " is configured: configure the former, or run "
            + "`memlane reindex` to change to the latter");
      }
    }
  }
}
