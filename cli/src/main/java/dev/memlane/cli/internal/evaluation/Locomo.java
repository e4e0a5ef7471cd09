package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.archive.JsonErrors;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A data set in the format of LoCoMo (Maharana et al., 2024): a list of samples, each a conversation with sessions of
 * turns, and questions about it.
 *
 * @param conversations in the file's order
 * @param leftOut the number of questions of categories 1 to 4 without evidence, or with evidence that is not a turn
 */
public record Locomo(List<Conversation> conversations, int leftOut) {

  /** The names of the categories that are measured, by number. Category 5 asks about things that were never said. */
  static final Map<Integer, String> CATEGORIES = Map.of(1, "multi-hop", 2, "temporal", 3, "open-domain", 4,
      "single-hop");

  private static final Pattern SESSION = Pattern.compile("session_([0-9]+)");
  private static final DateTimeFormatter DATE_TIME = new DateTimeFormatterBuilder().parseCaseInsensitive()
      .appendPattern("h:mm a 'on' d MMMM, uuuu").toFormatter(Locale.ENGLISH);

  /** One conversation. Its id is unique in the file. */
  record Conversation(String id, List<Turn> turns, List<Question> questions) {}

  /**
   * One utterance.
   *
   * @param dialogId the turn's id within the conversation
   * @param text the words, and the caption of a shared picture
   */
  record Turn(String session, String dialogId, String speaker, String text, @Nullable Instant occurredAt) {}

  /**
   * A question.
   *
   * @param evidence the ids of the turns that answer it: at least one, all of the same conversation
   */
  record Question(String text, int category, Set<String> evidence) {}

  /**
   * Reads a file. A question is left out unless its evidence is exactly the ids of turns, as they are written.
   * Published measurements do the same, so the figures stay comparable.
   *
   * @throws CommandFailure if the file cannot be read or has another format
   */
  public static Locomo read(Path file) {
    JsonNode root;
    try {
      root = Json.MAPPER.readTree(Files.readAllBytes(file));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new CommandFailure(file + " is not JSON: " + JsonErrors.describe(e, null), e);
    } catch (IOException e) {
      throw new CommandFailure("can't read " + file + ": " + IoErrors.describe(e), e);
    }
    if (!root.isArray() || root.isEmpty() || !root.get(0).path("conversation").isObject()) {
      throw new CommandFailure(
          file + " is not in LoCoMo's format: a list of objects with \"conversation\" and \"qa\"");
    }
    List<Conversation> conversations = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    int leftOut = 0;
    for (JsonNode sample : root) {
      String id = sample.path("sample_id").asText("");
      if (id.isBlank() || !ids.add(id)) {
        id = "conversation-" + conversations.size();
      }
      List<Turn> turns = turns(sample.path("conversation"));
      Set<String> dialogIds = new HashSet<>();
      turns.forEach(turn -> dialogIds.add(turn.dialogId()));
      List<Question> questions = new ArrayList<>();
      for (JsonNode node : sample.path("qa")) {
        int category = node.path("category").asInt();
        if (!CATEGORIES.containsKey(category)) {
          continue;
        }
        Set<String> evidence = new LinkedHashSet<>();
        node.path("evidence").forEach(dialogId -> evidence.add(dialogId.asText()));
        if (evidence.isEmpty() || !dialogIds.containsAll(evidence)) {
          leftOut++;
        } else {
          questions.add(new Question(node.path("question").asText(), category, evidence));
        }
      }
      conversations.add(new Conversation(id, turns, questions));
    }
    return new Locomo(List.copyOf(conversations), leftOut);
  }

  public int memories() {
    return conversations.stream().mapToInt(conversation -> conversation.turns().size()).sum();
  }

  public int questions() {
    return conversations.stream().mapToInt(conversation -> conversation.questions().size()).sum();
  }

  private static List<Turn> turns(JsonNode conversation) {
    List<Turn> turns = new ArrayList<>();
    for (Map.Entry<String, JsonNode> property : conversation.properties()) {
      Matcher session = SESSION.matcher(property.getKey());
      if (!session.matches()) {
        continue;
      }
      Instant start = start(conversation.path(property.getKey() + "_date_time").asText(""));
      int seconds = 0;
      for (JsonNode node : property.getValue()) {
        String caption = node.path("blip_caption").asText("");
        String text = node.path("text").asText("")
            + (caption.isEmpty() ? "" : " [shares a picture: " + caption + "]");
        if (!text.isBlank()) {
          turns.add(new Turn(property.getKey(), node.path("dia_id").asText(), node.path("speaker").asText(),
              text.strip(), start == null ? null : start.plusSeconds(seconds)));
        }
        seconds++;
      }
    }
    return turns;
  }

  private static @Nullable Instant start(String text) {
    try {
      return LocalDateTime.parse(text, DATE_TIME).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      // Times are not measured.
      return null;
    }
  }
}
