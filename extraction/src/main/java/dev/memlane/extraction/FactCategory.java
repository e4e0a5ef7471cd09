package dev.memlane.extraction;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TextForm;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A category that a model may assign to facts, such as {@code diet}. A memory has the names of its own under {@link
 * Fact#CATEGORIES}.
 *
 * @param name 1 to {@value #LONGEST_NAME} letters, digits, underscores and hyphens; the name in metadata, filters and answers
 * @param description what belongs to it, for the model: one line of 1 to {@value #LONGEST_DESCRIPTION} characters
 */
public record FactCategory(String name, String description) {

  /** The longest name, in characters. */
  public static final int LONGEST_NAME = 50;
  /** The longest description, in characters. */
  public static final int LONGEST_DESCRIPTION = 200;
  /** The most categories of an extractor. */
  public static final int MOST = 50;

  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_-]{1," + LONGEST_NAME + "}");

  /** @throws InvalidInputException if the name or the description is not as described */
  public FactCategory {
    if (!NAME.matcher(name).matches()) {
      throw new InvalidInputException("the name of a category must consist of 1 to " + LONGEST_NAME
          + " letters, digits, underscores and hyphens");
    }
    if (TextForm.isBlank(description) || description.length() > LONGEST_DESCRIPTION
        || !StorableText.of(description).equals(description)
        || description.codePoints().anyMatch(Character::isISOControl)) {
      throw new InvalidInputException("the description of category " + name + " must be one line of 1 to "
          + LONGEST_DESCRIPTION + " characters");
    }
  }

  /**
   * Checks a set of categories.
   *
   * @throws InvalidInputException if there are more than {@value #MOST}, or two whose names differ in case at most
   */
  static List<FactCategory> checked(List<FactCategory> categories) {
    if (categories.size() > MOST) {
      throw new InvalidInputException("there are " + categories.size() + " categories; the limit is " + MOST);
    }
    Set<String> names = new HashSet<>();
    for (FactCategory category : categories) {
      if (!names.add(category.name.toLowerCase(Locale.ROOT))) {
        throw new InvalidInputException("there are two categories " + category.name);
      }
    }
    return List.copyOf(categories);
  }
}
