package dev.memlane.cli;

import dev.memlane.model.Scope;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Finds memories. */
@Command(name = "search", description = "Finds memories by meaning and by words.", footer = {"", "Examples:",
    "  memlane search \"what is Maren allergic to?\" --user maren",
    "  memlane search \"travel plans\" --everywhere -k 3 --filter topic=travel --filter \"importance>=3\"", "",
    "Conditions on metadata (quote those with a sign that the shell knows):",
    "  topic=travel        the value, or one in the list, is this",
    "  \"tags=sea|hills\"    ... is one of these",
    "  \"topic!=travel\"     is not this, or there is none",
    "  \"importance>=3\"     also >, <= and <; numbers, or texts in order of their letters",
    "  question            the key is there, whatever its value",
    "  \"!question\"         the condition does not hold",
    "true and false are booleans, numbers are numbers; 'year=\"2026\"' asks for the text."})
final class SearchCommand implements Callable<Integer> {

  private final Context context;

  @Parameters(paramLabel = "QUERY", description = "What to look for, in your own words.")
  private String query = "";

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--everywhere", order = 4, description = "Search the memories of everybody.")
  private boolean everywhere;

  @Option(names = {"-k",
      "--limit"}, paramLabel = "K", defaultValue = "10", description = "How many hits at most (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = {"-f",
      "--filter"}, paramLabel = "CONDITION", description = "Only memories whose metadata meet this. Repeatable; all must hold.")
  private List<String> filters = new ArrayList<>();

  @Option(names = "--mode", paramLabel = "MODE", defaultValue = "hybrid", description = "hybrid (by meaning and by words), semantic or lexical (default: ${DEFAULT-VALUE}).")
  private SearchRequest.Mode mode = SearchRequest.Mode.HYBRID;

  @Option(names = "--threshold", paramLabel = "SCORE", defaultValue = "0", description = "Leave out hits with a lower score, 0 to 1 (default: ${DEFAULT-VALUE}).")
  private double threshold;

  SearchCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SearchRequest request = Context.fromArguments(this::request);
    try (Session session = context.open()) {
      List<SearchHit> hits = session.blocking().search(request);
      context.answer(() -> Json.object("hits", hits.stream().map(SearchCommand::json).toList()), () -> {
        for (int i = 0; i < hits.size(); i++) {
          Layout.hit(i + 1, hits.get(i)).forEach(context::print);
        }
        if (hits.isEmpty()) {
          context.print("Nothing found.");
        }
      });
      return 0;
    }
  }

  private SearchRequest request() {
    SearchRequest.Builder builder = SearchRequest.builder(query).limit(limit).filter(FilterSyntax.parse(filters))
        .mode(mode).threshold(threshold);
    Scope where = scope.scope();
    if (where == null && !everywhere) {
      throw new UsageException("whose memories? Give --user, --agent or --run, or --everywhere");
    }
    if (where != null && everywhere) {
      throw new UsageException("--everywhere goes without --user, --agent and --run");
    }
    return where == null ? builder.everywhere().build() : builder.scope(where).build();
  }

  static Map<String, @Nullable Object> json(SearchHit hit) {
    Map<String, @Nullable Object> memory = Json.memory(hit.memory());
    Map<String, @Nullable Object> json = Json.object("id", memory.remove("id"), "score", hit.score());
    json.putAll(memory);
    return json;
  }
}
