package dev.memlane.extraction;

import dev.memlane.model.InvalidInputException;

/**
 * The JSON schema that an answer has to follow.
 *
 * @param name 1 to 64 letters, digits, underscores and hyphens
 * @param json the schema, an object
 */
public record AnswerSchema(String name, String json) {

  private static final String INSTRUCTION = "Answer with one JSON object that follows this JSON schema, and with "
      + "nothing else:\n";

  /** @throws InvalidInputException if the name contains anything else, or the schema is no object */
  public AnswerSchema {
    if (!name.matches("[A-Za-z0-9_-]{1,64}")) {
      throw new InvalidInputException(
          "a schema's name must consist of 1 to 64 letters, digits, underscores and hyphens");
    }
    if (!Json.isObject(json)) {
      throw new InvalidInputException("the schema " + name + " is no JSON object");
    }
  }

  /** An instruction that asks for such an answer, for a model that takes no schema as such. */
  public String inWords() {
    return INSTRUCTION + json;
  }
}
