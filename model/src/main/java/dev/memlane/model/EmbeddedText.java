package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * The text of a memory that becomes its vector.
 *
 * <p>
 * Vectors of different texts can't be compared, so the name of the model that an {@link Embedding} carries says which one
 * it is of: it is the model's own name for {@link #ACTOR_AND_CONTENT}, and ends with {@value #SUFFIX} for {@link #CONTENT}.
 */
public enum EmbeddedText {
  /** The content, preceded by the actor if there is one: {@link Memory#searchableText}. What older indexes hold. */
  ACTOR_AND_CONTENT,
  /**
   * The content alone. A name in the text moves its vector towards all other texts with that name, whatever they are
   * about.
   */
  CONTENT;

  private static final String SUFFIX = ":content";

  /** The text of a memory. */
  public String of(@Nullable String actor, String content) {
    return this == CONTENT ? content : Memory.searchableText(actor, content);
  }

  /** The name that vectors of this text by a model carry. */
  public String vectors(String model) {
    return this == CONTENT ? model + SUFFIX : model;
  }

  /** The text that vectors of this name are of, if the model made them. */
  public static EmbeddedText ofVectors(String name, String model) {
    return name.equals(CONTENT.vectors(model)) ? CONTENT : ACTOR_AND_CONTENT;
  }

  /** The name of the model that made vectors of this name. */
  public static String model(String vectors) {
    return vectors.endsWith(SUFFIX) ? vectors.substring(0, vectors.length() - SUFFIX.length()) : vectors;
  }
}
