package dev.memlane.storage.vector;

import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.VectorType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The identity of an index, recorded in every commit: the model, dimension, language and type of vectors
 * that it was built for. Vectors of different models or types can't be compared, so an index is opened only for those that
 * filled it.
 *
 * @param model the embedding model's name
 * @param dimension the vectors' dimension
 * @param language the language of its words; it finds those of other languages badly
 * @param vectors how it stores vectors
 * @param format what its documents hold
 */
record IndexIdentity(String model, int dimension, Locale language, VectorType vectors, IndexFormat format) {

  /** The checkpoint of a commit; not part of the identity. */
  static final String CHECKPOINT_KEY = "memlane.checkpoint";

  private static final String FORMAT_KEY = "memlane.format";
  private static final String MODEL_KEY = "memlane.model";
  private static final String DIMENSION_KEY = "memlane.dimension";
  private static final String LANGUAGE_KEY = "memlane.language";
  private static final String VECTORS_KEY = "memlane.vectors";

  Map<String, String> toUserData() {
    return Map.of(FORMAT_KEY, format.number(), MODEL_KEY, model, DIMENSION_KEY, Integer.toString(dimension),
        LANGUAGE_KEY, language.toLanguageTag(), VECTORS_KEY, vectors.toString());
  }

  /** How vectors are written and compared. */
  StoredVectors storedVectors() {
    return StoredVectors.of(vectors);
  }

  /** The format that a commit names; the newest if it names none that is known. */
  static IndexFormat format(Map<String, String> userData) {
    IndexFormat format = IndexFormat.of(userData.get(FORMAT_KEY));
    return format == null ? IndexFormat.NEWEST : format;
  }

  /** The model that a commit names; null if it names none. */
  static @Nullable String model(Map<String, String> userData) {
    return userData.get(MODEL_KEY);
  }

  /** The language that a commit names; null if it names none. */
  static @Nullable Locale language(Map<String, String> userData) {
    String tag = userData.get(LANGUAGE_KEY);
    return tag == null ? null : Locale.forLanguageTag(tag);
  }

  /** The type of vectors that a commit names; null if there is no commit, or none that is known. */
  static @Nullable VectorType vectors(Map<String, String> userData) {
    return userData.isEmpty()
        ? null
        : Arrays.stream(VectorType.values()).filter(type -> type.toString().equals(vectorsName(userData))).findFirst()
            .orElse(null);
  }

  private static String vectorsName(Map<String, String> userData) {
    // The first indexes had floats and did not say so.
    return userData.getOrDefault(VECTORS_KEY, VectorType.FLOAT.toString());
  }

  /**
   * Checks that a commit has this identity.
   *
   * @throws IncompatibleIndexException if the commit was written for another model, dimension, language, type of vectors or
   *         format
   * @throws DamagedIndexException if it was not written by Memlane
   */
  void requireSame(Map<String, String> userData, Path directory) {
    String number = userData.get(FORMAT_KEY);
    if (number == null) {
      throw new DamagedIndexException("the folder " + directory + " holds a Lucene index that Memlane did not write; "
          + "give Memlane a folder of its own", null);
    }
    if (!number.equals(format.number())) {
      throw new IncompatibleIndexException("the vector index in " + directory + " has format " + number
          + ", this Memlane writes format " + format.number()
          + ": run `memlane reindex`, which rebuilds it from the database and embeds nothing");
    }
    @Nullable
    String otherModel = userData.get(MODEL_KEY);
    @Nullable
    String otherDimension = userData.get(DIMENSION_KEY);
    if (!model.equals(otherModel) || !Integer.toString(dimension).equals(otherDimension)) {
      throw new IncompatibleIndexException("the vector index in " + directory + " was built with the model "
          + otherModel + " (" + otherDimension + " dimensions), but " + model + " (" + dimension
          + " dimensions) is configured: configure the former, or run `memlane reindex` to change to the latter");
    }
    @Nullable
    String otherLanguage = userData.get(LANGUAGE_KEY);
    if (!language.toLanguageTag().equals(otherLanguage)) {
      throw new IncompatibleIndexException("the vector index in " + directory + " was built for the language "
          + otherLanguage + ", but " + language.toLanguageTag() + " is configured: configure the former, or run "
          + "`memlane reindex` to change to the latter; nothing is embedded again");
    }
    String otherVectors = vectorsName(userData);
    if (!vectors.toString().equals(otherVectors)) {
      throw new IncompatibleIndexException("the vector index in " + directory + " stores vectors as " + otherVectors
          + ", but " + vectors
          + " is configured: configure the former, or run `memlane reindex` to change to the latter; "
          + "nothing is embedded again");
    }
  }
}
