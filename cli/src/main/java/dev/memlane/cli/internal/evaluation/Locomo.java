package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.evaluation.EvalSet.Collection;
import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.evaluation.EvalSet.Turn;
import dev.memlane.cli.internal.terminal.CommandFailure;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Data sets in the format of LoCoMo (Maharana et al., 2024): a list of samples, each a conversation with sessions of turns,
 * and questions about it. Questions of categories 1 to 4 without evidence, or with evidence that is not a turn, are left out.
 */
public final class Locomo {

  /** The names of the categories that are measured, by number. Category 5 asks about things that were never said. */
  private static final Map<String, String> CATEGORIES = Map.of("1", "multi-hop", "2", "temporal", "3", "open-domain",
      "4",
      "single-hop");

  private static final Pattern SESSION = Pattern.compile("session_([0-9]+)");
  private static final DateTimeFormatter DATE_TIME = new DateTimeFormatterBuilder().parseCaseInsensitive()
      .appendPattern("h:mm a 'on' d MMMM, uuuu").toFormatter(Locale.ENGLISH);

  private Locomo() {}

  /**
   * Reads a file. A question is left out unless its evidence is exactly the ids of turns, as they are written.
   * Published measurements do the same, so the figures stay comparable.
   *
   * @throws CommandFailure if the file cannot be read or has another format
   */
  public static EvalSet read(Path file) {
    JsonNode root = EvalFile.json(file);
    if (!root.isArray() || root.isEmpty() || !root.get(0).path("conversation").isObject()) {
      throw new CommandFailure(
          file + " is not in LoCoMo's format: a list of objects with \"conversation\" and \"qa\"");
    }
    List<Collection> conversations = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    int leftOut = 0;
    for (JsonNode sample : root) {
      String id = sample.path("sample_id").asText("");
      if (id.isBlank() || !ids.add(id)) {
        id = "conversation-" + conversations.size();
      }
      List<Turn> turns = turns(sample.path("conversation"));
      Map<String, String> sessions = new HashMap<>();
      turns.forEach(turn -> sessions.put(turn.id(), String.valueOf(turn.session())));
      List<Question> questions = new ArrayList<>();
      for (JsonNode node : sample.path("qa")) {
        String category = node.path("category").asText();
        if (!CATEGORIES.containsKey(category)) {
          continue;
        }
        Set<String> evidence = new LinkedHashSet<>();
        node.path("evidence").forEach(dialogId -> evidence.add(dialogId.asText()));
        if (evidence.isEmpty() || !sessions.keySet().containsAll(evidence)) {
          leftOut++;
        } else {
          questions.add(new Question(node.path("question").asText(), category, evidence,
              evidence.stream().map(sessions::get).collect(Collectors.toSet()), null));
        }
      }
      conversations.add(new Collection(id, turns, questions));
    }
    return new EvalSet(List.copyOf(conversations), CATEGORIES, leftOut);
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
