package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.storage.conversation.RememberedAnswer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one object of a model's answer, read strictly: what is missing, one too many, or of another type makes the
 * answer invalid.
 *
 * @param what the object in messages: "fact 2"
 */
record AnswerFields(String what, JsonNode object) {

  /**
   * Reads the list that is all of an answer.
   *
   * @param most how many items it may have
   */
  static List<JsonNode> list(RememberedAnswer answer, String field, int most) throws InvalidAnswerException {
    switch (answer.end()) {
      case REFUSED -> throw new InvalidAnswerException("it is a refusal");
      case CUT_OFF -> throw new InvalidAnswerException("it was cut off, because it is too long");
      case COMPLETE -> {
      }
    }
    ObjectNode object = Json.firstObject(answer.answer());
    if (object == null) {
      throw new InvalidAnswerException("it is no JSON object");
    }
    JsonNode list = object.get(field);
    if (list == null || !list.isArray() || object.size() != 1) {
      throw new InvalidAnswerException("it must have exactly the field \"" + field + "\", a list");
    }
    if (list.size() > most) {
      throw new InvalidAnswerException("\"" + field + "\" has " + list.size() + " items; the limit is " + most);
    }
    List<JsonNode> items = new ArrayList<>(list.size());
    list.forEach(items::add);
    return items;
  }

  /** Checks that the object has exactly these fields, of which those that may be null may also be missing. */
  AnswerFields exactly(Set<String> required, Set<String> nullable) throws InvalidAnswerException {
    if (!object.isObject()) {
      throw new InvalidAnswerException(what + " is no object");
    }
    for (String field : required) {
      if (!object.hasNonNull(field)) {
        throw new InvalidAnswerException(what + " has no \"" + field + "\"");
      }
    }
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    if (!names.stream().allMatch(name -> required.contains(name) || nullable.contains(name))) {
      throw new InvalidAnswerException(what + " has a field that is not one of those asked for");
    }
    return this;
  }

  String text(String field, int longest) throws InvalidAnswerException {
    String text = textOrNull(field, longest);
    if (text == null) {
      throw new InvalidAnswerException(what + " has no \"" + field + "\"");
    }
    return text;
  }

  /** A text that can be stored, without blanks around it; null if it is null, missing or blank. */
  @Nullable
  String textOrNull(String field, int longest) throws InvalidAnswerException {
    JsonNode value = object.get(field);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw new InvalidAnswerException("\"" + field + "\" of " + what + " is no text");
    }
    String text = StorableText.of(value.textValue()).strip();
    if (text.length() > longest) {
      throw new InvalidAnswerException("\"" + field + "\" of " + what + " has more than " + longest + " characters");
    }
    return text.isEmpty() ? null : text;
  }

  int number(String field, int least, int most) throws InvalidAnswerException {
    return number(field, object.path(field), least, most);
  }

  private int number(String field, JsonNode value, int least, int most) throws InvalidAnswerException {
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least || value.intValue() > most) {
      throw new InvalidAnswerException("\"" + field + "\" of " + what + " must be a whole number from " + least + " to "
          + most);
    }
    return value.intValue();
  }

  /**
   * Texts out of those that were asked for, in the order of these, each once.
   *
   * @return null if the field is null or missing
   */
  @Nullable
  List<String> someOf(String field, List<String> known) throws InvalidAnswerException {
    JsonNode list = object.path(field);
    if (list.isNull() || list.isMissingNode()) {
      return null;
    }
    if (!list.isArray()) {
      throw new InvalidAnswerException("\"" + field + "\" of " + what + " is no list");
    }
    Set<String> named = new HashSet<>();
    for (JsonNode value : list) {
      if (!value.isTextual() || !known.contains(value.textValue())) {
        throw new InvalidAnswerException("\"" + field + "\" of " + what + " has one that is not among those asked for");
      }
      named.add(value.textValue());
    }
    return known.stream().filter(named::contains).toList();
  }

  /** At least one number, in ascending order, each once. */
  List<Integer> numbers(String field, int least, int most) throws InvalidAnswerException {
    JsonNode list = object.path(field);
    if (!list.isArray() || list.isEmpty() || list.size() > most) {
      throw new InvalidAnswerException("\"" + field + "\" of " + what + " must be a list of at least one number");
    }
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode value : list) {
      numbers.add(number(field, value, least, most));
    }
    return numbers.stream().distinct().sorted().toList();
  }
}
