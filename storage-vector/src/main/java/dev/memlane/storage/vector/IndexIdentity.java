package dev.memlane.storage.vector;

import dev.memlane.model.DamagedIndexException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The identity of an index, recorded in every commit: the model, dimension and language that it was built for. Vectors
 * of different models can't be compared, so an index is opened only for the model that filled it.
 *
 * @param model the embedding model's name
 * @param dimension the vectors' dimension
 * @param language the language of its words; it finds those of other languages badly
 */
record IndexIdentity(String model, int dimension, Locale language) {

  /** The version of the documents' layout and of the words that are made of texts. */
  private static final String FORMAT = "5";

  /** The checkpoint of a commit; not part of the identity. */
  static final String CHECKPOINT_KEY = "memlane.checkpoint";

  private static final String FORMAT_KEY = "memlane.format";
  private static final String MODEL_KEY = "memlane.model";
  private static final String DIMENSION_KEY = "memlane.dimension";
  private static final String LANGUAGE_KEY = "memlane.language";

  Map<String, String> toUserData() {
    return Map.of(FORMAT_KEY, FORMAT, MODEL_KEY, model, DIMENSION_KEY, Integer.toString(dimension),
        LANGUAGE_KEY, language.toLanguageTag());
  }

  /** The language that a commit names; null if it names none. */
  static @Nullable Locale language(Map<String, String> userData) {
    String tag = userData.get(LANGUAGE_KEY);
    return tag == null ? null : Locale.forLanguageTag(tag);
  }

  /**
   * Checks that a commit has this identity.
   *
   * @throws IncompatibleIndexException if the commit was written for another model, dimension, language or format
   * @throws DamagedIndexException if it was not written by Memlane
   */
  void requireSame(Map<String, String> userData, Path directory) {
    String format = userData.get(FORMAT_KEY);
    if (format == null) {
      throw new DamagedIndexException("the folder " + directory + " holds a Lucene index that Memlane did not write; "
          + "give Memlane a folder of its own", null);
    }
    if (!format.equals(FORMAT)) {
      throw new IncompatibleIndexException("the vector index in " + directory + " has format " + format
          + ", this Memlane writes format " + FORMAT
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
  }
}
