package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.evaluation.EvalSet.Collection;
import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.evaluation.EvalSet.Turn;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.model.Memory;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Data sets in the format of LongMemEval (Wu et al., 2024): a list of questions, each with its own history of sessions
 * between a user and an assistant. Questions without an answer, whose ids end in {@code _abs}, are left out.
 */
public final class LongMemEval {

  private static final DateTimeFormatter DATE_TIME = DateTimeFormatter.ofPattern("uuuu/MM/dd (EEE) HH:mm",
      Locale.ENGLISH);

  private LongMemEval() {}

  /** @throws CommandFailure if the file cannot be read or has another format */
  public static EvalSet read(Path file) {
    JsonNode root = EvalFile.json(file);
    if (!root.isArray() || root.isEmpty() || !root.get(0).path("haystack_sessions").isArray()) {
      throw new CommandFailure(file + " is not in LongMemEval's format: a list of objects with \"question\" and "
          + "\"haystack_sessions\"");
    }
    List<Collection> collections = new ArrayList<>();
    int leftOut = 0;
    for (JsonNode node : root) {
      String id = node.path("question_id").asText("question-" + collections.size());
      Set<String> answers = new LinkedHashSet<>();
      node.path("answer_session_ids").forEach(session -> answers.add(session.asText()));
      if (id.endsWith("_abs") || answers.isEmpty()) {
        leftOut++;
        continue;
      }
      List<Turn> turns = new ArrayList<>();
      Set<String> evidence = new LinkedHashSet<>();
      Set<String> sessions = new LinkedHashSet<>();
      for (int i = 0; i < node.path("haystack_sessions").size(); i++) {
        String session = node.path("haystack_session_ids").path(i).asText("session-" + i);
        if (!sessions.add(session)) {
          // Some histories hold a session twice.
          continue;
        }
        Instant start = time(node.path("haystack_dates").path(i).asText(""));
        JsonNode said = node.path("haystack_sessions").get(i);
        for (int turn = 0; turn < said.size(); turn++) {
          String content = said.get(turn).path("content").asText("").strip();
          if (content.isEmpty()) {
            continue;
          }
          String turnId = session + "#" + turn;
          turns.add(new Turn(session, turnId, said.get(turn).path("role").asText(null),
              content.substring(0, Math.min(content.length(), Memory.LONGEST_CONTENT)),
              start == null ? null : start.plusSeconds(turn)));
          if (said.get(turn).path("has_answer").asBoolean()) {
            evidence.add(turnId);
          }
        }
      }
      answers.retainAll(sessions);
      collections.add(new Collection(id, turns, List.of(new Question(node.path("question").asText(),
          node.path("question_type").asText("all"), evidence, answers, time(node.path("question_date").asText(""))))));
    }
    return new EvalSet(List.copyOf(collections), Map.of(), leftOut);
  }

  private static @Nullable Instant time(String text) {
    try {
      return LocalDateTime.parse(text, DATE_TIME).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      return null;
    }
  }
}
