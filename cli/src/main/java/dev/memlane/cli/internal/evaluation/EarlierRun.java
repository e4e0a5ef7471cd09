package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.CommandFailure;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * An earlier run on the same data set, to compare with: with another model, other settings or another version.
 *
 * @param model what made its vectors
 * @param recalls the recall@10 of each question, in the order of the data set, by the way to search; at least one
 */
public record EarlierRun(String model, Map<String, double[]> recalls) {

  /**
   * Reads what {@code memlane eval --json} printed.
   *
   * @throws CommandFailure if the file is something else, or is about another data set
   */
  public static EarlierRun read(Path file, EvalSet set) {
    JsonNode root = EvalFile.json(file);
    Map<String, double[]> recalls = new LinkedHashMap<>();
    for (JsonNode mode : root.path("modes")) {
      double[] each = new double[mode.path(EvalResult.EACH).size()];
      for (int i = 0; i < each.length; i++) {
        each[i] = mode.path(EvalResult.EACH).get(i).asDouble();
      }
      recalls.put(mode.path("mode").asText(), each);
    }
    if (recalls.isEmpty() || !root.path(EvalReport.DATA_SET).isTextual()) {
      throw notARun(file);
    }
    if (!root.path(EvalReport.DATA_SET).asText().equals(set.fingerprint())) {
      throw new CommandFailure(file + " is of a run on another data set, with which nothing here can be compared");
    }
    long questions = set.collections().stream().flatMap(collection -> collection.questions().stream())
        .filter(question -> !question.evidence().isEmpty()).count();
    if (recalls.values().stream().anyMatch(each -> each.length != questions)) {
      throw notARun(file);
    }
    return new EarlierRun(root.path("model").asText(), recalls);
  }

  private static CommandFailure notARun(Path file) {
    return new CommandFailure(file + " is not what 'memlane eval --json' prints");
  }

  /** The way to search of this name; if there was none, the one that was reported first. */
  String counterpart(String mode) {
    return recalls.containsKey(mode) ? mode : recalls.keySet().iterator().next();
  }

  /** By how much a result is better than its {@link #counterpart}. */
  Bootstrap difference(EvalResult result) {
    double[] before = Objects.requireNonNull(recalls.get(counterpart(result.variant().name())));
    return Bootstrap.difference(result.overall().eachAt(10), before);
  }
}
