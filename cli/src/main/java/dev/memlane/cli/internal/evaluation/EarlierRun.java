package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.CommandFailure;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An earlier run on the same data set, to compare with: with another model, other settings or another version.
 *
 * @param model what made its vectors
 * @param factsBy what made its facts; null if it had none
 * @param recalls the recall@10 of each question, in the order of the data set, by the way to search; at least one
 */
public record EarlierRun(String model, @Nullable String factsBy, Map<Way, double[]> recalls) {

  /**
   * A way to search.
   *
   * @param mode its name
   * @param through what was searched
   */
  public record Way(String mode, String through) {

    static Way of(Variant variant) {
      return new Way(variant.name(), variant.through().toString());
    }

    @Override
    public String toString() {
      return through.equals(TURNS) ? mode : mode + " through " + through;
    }
  }

  private static final String TURNS = EvalSource.TURNS.toString();

  /**
   * Reads what {@code memlane eval --json} printed.
   *
   * @throws CommandFailure if the file is something else, or is about another data set
   */
  public static EarlierRun read(Path file, EvalSet set) {
    JsonNode root = EvalFile.json(file);
    Map<Way, double[]> recalls = new LinkedHashMap<>();
    for (JsonNode mode : root.path("modes")) {
      double[] each = new double[mode.path(EvalResult.EACH).size()];
      for (int i = 0; i < each.length; i++) {
        each[i] = mode.path(EvalResult.EACH).get(i).asDouble();
      }
      // Older versions searched nothing but turns, and did not say so.
      recalls.put(new Way(mode.path("mode").asText(), mode.path(EvalResult.THROUGH).asText(TURNS)), each);
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
    JsonNode factsBy = root.path(EvalReport.FACTS).path(FactFigures.MAKER);
    return new EarlierRun(root.path("model").asText(), factsBy.isTextual() ? factsBy.asText() : null, recalls);
  }

  private static CommandFailure notARun(Path file) {
    return new CommandFailure(file + " is not what 'memlane eval --json' prints");
  }

  /** The same way to search; if there was none, the same through turns, or else the one that was reported first. */
  Way counterpart(Variant variant) {
    return Stream.of(Way.of(variant), new Way(variant.name(), TURNS)).filter(recalls::containsKey).findFirst()
        .orElseGet(() -> recalls.keySet().iterator().next());
  }

  /** By how much a result is better than its {@link #counterpart}. */
  Bootstrap difference(EvalResult result) {
    double[] before = Objects.requireNonNull(recalls.get(counterpart(result.variant())));
    return Bootstrap.difference(result.overall().eachAt(10), before);
  }
}
