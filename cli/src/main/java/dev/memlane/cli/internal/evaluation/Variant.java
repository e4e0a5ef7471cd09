package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.SearchPart;
import dev.memlane.orchestrator.SearchRequest;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A way to search that is measured: one of the {@link EvalMode}s, or the default without one part.
 *
 * @param description what it does, for people
 * @param through what is searched
 * @param embedded what the vectors have to be of
 * @param request sets a request up for it
 */
public record Variant(String name, String description, EvalSource through, EmbeddedText embedded,
    UnaryOperator<SearchRequest.Builder> request) {

  public static Variant of(EvalMode mode) {
    return new Variant(mode.toString(), mode.description(), EvalSource.TURNS, EmbeddedText.CONTENT, mode::apply);
  }

  /** The default without one part. Without names in the first person, the vectors are of actor and content. */
  public static Variant without(SearchPart part) {
    return new Variant("no-" + TextLayout.name(part), describe(part), EvalSource.TURNS,
        part == SearchPart.NAMES ? EmbeddedText.ACTOR_AND_CONTENT : EmbeddedText.CONTENT,
        request -> request.without(part));
  }

  /** The same way to search, through everything that can be searched: turns, facts, and both. */
  public Stream<Variant> throughEach() {
    return Stream.of(EvalSource.values()).map(this::through);
  }

  Variant through(EvalSource source) {
    return new Variant(name, description, source, embedded, request);
  }

  private static String describe(SearchPart part) {
    return switch (part) {
      case NAMES -> "names are part of the vectors";
      case ACTORS -> "others than the question names count as much";
      case NEIGHBOURS -> "neighbours lend nothing";
      case RUNS -> "runs lend their members nothing";
      case TIMES -> "other times than the question names count as much";
      case STOP_WORDS -> "Lucene's list of stop words for questions";
      case LENGTHS -> "BM25's usual k1 1.2 and b 0.75";
      case SHORT_TEXTS -> "short memories count as much";
      case QUESTIONS -> "questions count as much";
    };
  }

  @Override
  public String toString() {
    return through == EvalSource.TURNS ? name : name + " through " + through;
  }
}
