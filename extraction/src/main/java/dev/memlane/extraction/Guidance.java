package dev.memlane.extraction;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TextForm;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of an application wants to be remembered: instructions, and the categories of facts.
 *
 * <p>
 * It is part of what a model is asked, so it is part of the name of each step whose answer is kept: an answer that was given
 * under other guidance is the answer to another question. Without any, the names, prompts and schemas are the plain ones.
 *
 * @param instructions what to note and what not, in the owner's words; null for none
 * @param categories the categories that a fact may have; empty for none
 */
record Guidance(@Nullable String instructions, List<FactCategory> categories) {

  static final Guidance NONE = new Guidance(null, List.of());

  private static final String MARK = "@";
  private static final int ID_BYTES = 8;

  /** Blank instructions are none. */
  Guidance {
    instructions = instructions == null || TextForm.isBlank(instructions) ? null : instructions.strip();
    categories = FactCategory.checked(categories);
    if (instructions != null && instructions.length() > MemoryExtractor.LONGEST_INSTRUCTIONS) {
      throw new InvalidInputException("the instructions have " + instructions.length() + " characters; the limit is "
          + MemoryExtractor.LONGEST_INSTRUCTIONS);
    }
  }

  Guidance with(@Nullable String others) {
    return new Guidance(others, categories);
  }

  boolean hasCategories() {
    return !categories.isEmpty();
  }

  List<String> categoryNames() {
    return categories.stream().map(FactCategory::name).toList();
  }

  /** The name under which the answer to a step is kept. */
  String step(String name) {
    String id = id();
    return id.isEmpty() ? name : name + MARK + id;
  }

  /** The step that was named by {@link #step}. */
  static String nameOf(String step) {
    int mark = step.indexOf(MARK);
    return mark < 0 ? step : step.substring(0, mark);
  }

  private String id() {
    if (instructions == null && categories.isEmpty()) {
      return "";
    }
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(written().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private String written() {
    ArrayNode all = Json.array().add(instructions);
    categories.forEach(category -> all.add(category.name()).add(category.description()));
    return Json.write(all);
  }

  /** The system message of the question about one conversation. */
  String extractionPrompt() {
    return Prompts.EXTRACT + instructionsInWords() + (hasCategories() ? Prompts.CATEGORIES + categoriesInWords() : "");
  }

  /** The system message of the question about several conversations. */
  String packedPrompt() {
    return extractionPrompt() + Prompts.SEVERAL;
  }

  /** The system message of the question about what becomes of facts. */
  String decisionPrompt() {
    return hasCategories() ? Prompts.DECIDE + Prompts.CATEGORIES_OF_DECISIONS + categoriesInWords() : Prompts.DECIDE;
  }

  /** As a JSON string, so that nothing in them ends them. */
  private String instructionsInWords() {
    return instructions == null
        ? ""
        : Prompts.INSTRUCTIONS + Json.write(Json.object().put("instructions", StorableText.of(instructions))) + "\n";
  }

  private String categoriesInWords() {
    ObjectNode described = Json.object();
    categories.forEach(category -> described.put(category.name(), category.description()));
    return Json.write(described) + "\n";
  }

  AnswerSchema extractionSchema() {
    return hasCategories() ? Prompts.facts(categoryNames()) : Prompts.FACTS;
  }

  AnswerSchema packedSchema() {
    return Prompts.conversations(categoryNames());
  }

  AnswerSchema decisionSchema() {
    return hasCategories() ? Prompts.decisions(categoryNames()) : Prompts.DECISIONS;
  }

  /** Without the instructions, which belong in no log. */
  @Override
  public String toString() {
    return "Guidance[" + (instructions == null ? "no instructions" : instructions.length() + " characters") + ", "
        + categoryNames() + "]";
  }
}
