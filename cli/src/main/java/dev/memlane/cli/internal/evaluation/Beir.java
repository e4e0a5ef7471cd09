package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.evaluation.EvalSet.Collection;
import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.evaluation.EvalSet.Turn;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.model.Memory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads data sets in the format of BEIR (Thakur et al., 2021): a folder with {@code corpus.jsonl}, {@code queries.jsonl} and
 * the judgements, {@code qrels.tsv} or {@code qrels/test.tsv}. Users can write their own data in this format. All judgements
 * above 0 count the same. Of a document's {@code metadata}, its {@code actor} is read.
 */
public final class Beir {

  private Beir() {}

  /** @throws CommandFailure if a file is missing, cannot be read or has another format */
  public static EvalSet read(Path folder) {
    List<Turn> documents = new ArrayList<>();
    Set<String> ids = new LinkedHashSet<>();
    for (JsonNode node : EvalFile.jsonLines(folder.resolve("corpus.jsonl"))) {
      String title = node.path("title").asText("").strip();
      String text = node.path("text").asText("").strip();
      String whole = title.isEmpty() ? text : title + "\n" + text;
      String id = node.path("_id").asText("");
      if (!whole.isBlank() && !id.isBlank() && ids.add(id)) {
        String actor = node.path("metadata").path("actor").asText("");
        documents.add(new Turn(null, id, actor.isBlank() ? null : actor,
            whole.substring(0, Math.min(whole.length(), Memory.LONGEST_CONTENT)), null));
      }
    }
    Map<String, Set<String>> relevant = judgements(folder);
    List<Question> questions = new ArrayList<>();
    int leftOut = 0;
    for (JsonNode node : EvalFile.jsonLines(folder.resolve("queries.jsonl"))) {
      Set<String> evidence = relevant.getOrDefault(node.path("_id").asText(""), Set.of());
      if (evidence.isEmpty() || !ids.containsAll(evidence) || node.path("text").asText("").isBlank()) {
        leftOut++;
      } else {
        questions.add(new Question(node.path("text").asText(), "all", evidence, Set.of(), null));
      }
    }
    return new EvalSet(List.of(new Collection("corpus", documents, questions)), Map.of(), leftOut);
  }

  private static Map<String, Set<String>> judgements(Path folder) {
    Path plain = folder.resolve("qrels.tsv");
    Path file = Files.exists(plain) ? plain : folder.resolve("qrels").resolve("test.tsv");
    Map<String, Set<String>> relevant = new LinkedHashMap<>();
    for (String line : EvalFile.lines(file)) {
      String[] columns = line.split("\t", -1);
      if (columns.length < 3) {
        throw new CommandFailure(file + " has a line without three columns: query-id, corpus-id, score");
      }
      try {
        if (Double.parseDouble(columns[2].strip()) > 0) {
          relevant.computeIfAbsent(columns[0], id -> new LinkedHashSet<>()).add(columns[1]);
        }
      } catch (NumberFormatException e) {
        if (!columns[2].strip().equals("score")) {
          throw new CommandFailure(file + " has a score that is no number", e);
        }
      }
    }
    return relevant;
  }
}
