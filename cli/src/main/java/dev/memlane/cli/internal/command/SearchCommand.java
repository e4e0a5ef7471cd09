package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.FusionMethod;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest.Include;
import dev.memlane.orchestrator.SearchRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that finds memories. */
@Command(name = "search", description = "Finds memories by meaning and by words.", footer = {"", "Examples:",
    "  memlane search \"what is Maren allergic to?\" --user maren",
    "  memlane search \"travel plans\" --everywhere -k 3 --filter topic=travel --filter \"importance>=3\"", "",
    "Conditions on metadata (quote those with characters special to the shell):",
    "  topic=travel        the value, or one of the list, equals this",
    "  \"tags=sea|hills\"    ... equals one of these",
    "  \"topic!=travel\"     does not equal this, or is absent",
    "  \"importance>=3\"     also >, <= and <; numbers, or texts in order of their letters",
    "  title~sea           a text that contains this, character by character",
    "  question            the key exists, with any value",
    "  \"!question\"         the condition does not hold",
    "true and false are booleans, numbers are numbers; 'year=\"2026\"' asks for the text.", "",
    "Times are days or moments in UTC or with an offset: 2026-03-02, 2026-03-02 10:14:00 +0100.",
    "A half-life is a number of days, hours or minutes: 7d, 12h, 30m."})
final class SearchCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(paramLabel = "QUERY", description = "What to look for, in your own words.")
  private String query = "";

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--everywhere", order = 4, description = "Search all scopes.")
  private boolean everywhere;

  @Option(names = {"-k",
      "--limit"}, paramLabel = "K", defaultValue = "10", description = "How many hits at most (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = {"-f",
      "--filter"}, paramLabel = "CONDITION", description = "Only memories whose metadata meet this. Repeatable; all must hold.")
  private List<String> filters = new ArrayList<>();

  @Option(names = "--mode", paramLabel = "MODE", defaultValue = "hybrid", description = "hybrid (by meaning and by words), semantic or lexical (default: ${DEFAULT-VALUE}).")
  private SearchRequest.Mode mode = SearchRequest.Mode.HYBRID;

  @Option(names = "--since", paramLabel = "TIME", description = "Only what happened at this time or later, if the time is known.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Only what happened before this time, if the time is known.")
  private @Nullable String until;

  @Option(names = "--as-of", paramLabel = "TIME", description = "Search the memories as they were at this time. Needs a scope.")
  private @Nullable String asOf;

  @Mixin
  private final TimeOptions times = new TimeOptions();

  @Option(names = "--half-life", paramLabel = "TIME", converter = DurationConverter.class, description = "Prefer recent memories: after this time, half of the preference is left (default: none).")
  private @Nullable Duration halfLife;

  @Option(names = "--no-context", description = "Rank each memory by itself, without its neighbours in its run.")
  private boolean noContext;

  @Option(names = "--by-rank", description = "Combine words and meaning by ranks instead of scores.")
  private boolean byRank;

  @Option(names = "--diversity", paramLabel = "SHARE", defaultValue = "0", description = "Prefer hits that differ from each other, 0 to below 1 (default: ${DEFAULT-VALUE}).")
  private double diversity;

  @Option(names = "--expired", description = "Find memories that have expired as well.")
  private boolean expired;

  @Option(names = "--explain", description = "Show the parts of each score.")
  private boolean explain;

  @Option(names = "--threshold", paramLabel = "SCORE", defaultValue = "0", description = "Leave out hits with a lower score, 0 to 1 (default: ${DEFAULT-VALUE}).")
  private double threshold;

  @Option(names = "--min-similarity", paramLabel = "COSINE", defaultValue = "-1", description = "Leave out memories less similar to the query in meaning, -1 to 1 (default: ${DEFAULT-VALUE}, none).")
  private double minSimilarity;

  @Option(names = "--min-words", paramLabel = "N", defaultValue = "0", description = "Leave out memories with fewer of the query's words (default: ${DEFAULT-VALUE}, none).")
  private int minWords;

  SearchCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SearchRequest request = checkedRequest();
    try (OpenMemory memory = context.open()) {
      List<SearchHit> hits = memory.search(request);
      context.answer(() -> Json.object("hits", hits.stream().map(SearchCommand::json).toList()), () -> {
        for (int i = 0; i < hits.size(); i++) {
          MemoryLayout.hit(i + 1, hits.get(i)).forEach(context::print);
        }
        if (hits.isEmpty()) {
          context.print("Nothing found.");
        }
      });
      return 0;
    }
  }

  /** The library names its own properties; people know the options. */
  private SearchRequest checkedRequest() {
    try {
      return request();
    } catch (InvalidInputException e) {
      throw new UsageException(String.valueOf(e.getMessage()).replace("minSimilarity", "--min-similarity")
          .replace("minWords", "--min-words").replace("the mode is", "--mode is"), e);
    }
  }

  private SearchRequest request() {
    SearchRequest.Builder builder = SearchRequest.builder(query).limit(limit).filter(filter()).mode(mode)
        .threshold(threshold).minSimilarity(minSimilarity).minWords(minWords)
        .fusion(byRank ? FusionMethod.RECIPROCAL_RANKS : FusionMethod.WEIGHTED_SCORES)
        .context(!noContext).diversity(diversity).asOf(times.read("--as-of", asOf));
    if (halfLife != null) {
      builder.recency(halfLife);
    }
    Set<Include> include = EnumSet.noneOf(Include.class);
    if (explain) {
      include.add(Include.EXPLANATION);
    }
    if (expired) {
      include.add(Include.EXPIRED);
    }
    builder.include(include.toArray(Include[]::new));
    Scope where = scope.scope();
    if (where == null && !everywhere) {
      throw new UsageException("no scope is given: give --user, --agent or --run, or --everywhere");
    }
    if (where != null && everywhere) {
      throw new UsageException("--everywhere excludes --user, --agent and --run");
    }
    return where == null ? builder.everywhere().build() : builder.scope(where).build();
  }

  private @Nullable Filter filter() {
    Filter conditions = FilterSyntax.parse(filters);
    if (since == null && until == null) {
      return conditions;
    }
    Filter time = new Filter.Occurred(times.read("--since", since), times.read("--until", until));
    return conditions == null ? time : Filter.and(conditions, time);
  }

  static Map<String, @Nullable Object> json(SearchHit hit) {
    Map<String, @Nullable Object> memory = MemoryJson.memory(hit.memory());
    Map<String, @Nullable Object> json = Json.object("id", memory.remove("id"), "score", hit.score());
    json.putAll(memory);
    Explanation explanation = hit.explanation();
    if (explanation != null) {
      json.put("explanation", json(explanation));
    }
    return json;
  }

  private static Map<String, @Nullable Object> json(Explanation explanation) {
    return Json.object("semantic", json(explanation.semantic(), "cosine"), "lexical",
        json(explanation.lexical(), "bm25"), "lent", explanation.lent(), "lentByRun", explanation.lentByRun(),
        "factors",
        factors(explanation), "recency", explanation.recency());
  }

  private static Map<String, Double> factors(Explanation explanation) {
    Map<String, Double> factors = new LinkedHashMap<>();
    explanation.factors().forEach((part, factor) -> factors.put(TextLayout.name(part), factor));
    return factors;
  }

  private static @Nullable Object json(Explanation.@Nullable Part part, String measure) {
    return part == null ? null : Json.object("rank", part.rank(), measure, part.score(), "share", part.share());
  }
}
