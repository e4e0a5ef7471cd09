package dev.memlane.memory.tools;

import dev.memlane.lanes.Access;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.Filter;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.orchestrator.ContextRequest;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.PastPage;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.TimePage;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The tools that read. They run in lane {@code query} and may be retried. */
final class ReadTools {

  private static final String AS_OF = "asOf";
  private static final int USUAL_HITS = 10;
  private static final int USUAL_PAGE = 20;
  private static final int MOST = 100;
  private static final int USUAL_TOKENS = 1_000;
  private static final int MOST_TOKENS = 100_000;
  private static final Map<String, TimeOrder> ORDERS = Map.of("newest", TimeOrder.NEWEST_FIRST, "oldest",
      TimeOrder.OLDEST_FIRST);

  private final ScopedMemory scoped;
  private final CallReader calls;

  ReadTools(ScopedMemory scoped, CallReader calls) {
    this.scoped = scoped;
    this.calls = calls;
  }

  Tool<String, String> search() {
    return tool("memory_search", this::search, arguments -> scoped.root());
  }

  Tool<String, String> context() {
    return tool("memory_context", this::context, arguments -> scoped.root());
  }

  Tool<String, String> get() {
    return tool("memory_get", this::get, arguments -> scoped.path(arguments.id()));
  }

  Tool<String, String> list() {
    return tool("memory_list", this::list, arguments -> scoped.root());
  }

  Tool<String, String> history() {
    return tool("memory_history", this::history, arguments -> scoped.path(arguments.id()));
  }

  private Tool<String, String> tool(String name, Function<Arguments, String> work, Function<Arguments, String> path) {
    return Tool.<String, String>of(name, json -> calls.run(name, json, work)).lane("query").idempotent(true)
        .accessing(json -> Access.reads(path.apply(calls.arguments(name, json))));
  }

  private String search(Arguments arguments) {
    return Answers.hits(scoped.memory().search(SearchRequest.builder(arguments.text("query")).scope(scoped.searched())
        .limit(arguments.count("limit", USUAL_HITS, MOST)).filter(filter(arguments))
        .asOf(arguments.timeOrNull(AS_OF)).build()));
  }

  private String context(Arguments arguments) {
    SearchRequest search = SearchRequest.builder(arguments.text("query")).scope(scoped.searched())
        .limit(ContextRequest.CANDIDATES).filter(filter(arguments)).asOf(arguments.timeOrNull(AS_OF)).build();
    return Answers.context(scoped.memory().context(
        ContextRequest.of(search, arguments.count("tokens", USUAL_TOKENS, MOST_TOKENS))));
  }

  /** The conditions on metadata and on the time when it happened. */
  private static @Nullable Filter filter(Arguments arguments) {
    Filter filter = arguments.filterOrNull("filter");
    Instant since = arguments.timeOrNull("since");
    Instant until = arguments.timeOrNull("until");
    if (since == null && until == null) {
      return filter;
    }
    Filter time = new Filter.Occurred(since, until);
    return filter == null ? time : Filter.and(filter, time);
  }

  private String get(Arguments arguments) {
    return Answers.memory(scoped.require(arguments.id()));
  }

  private String list(Arguments arguments) {
    TimeOrder order = arguments.choiceOrNull("order", ORDERS);
    int limit = arguments.count("limit", USUAL_PAGE, MOST);
    Filter filter = arguments.filterOrNull("filter");
    Instant asOf = arguments.timeOrNull(AS_OF);
    if (asOf != null) {
      if (order != null || filter != null) {
        throw new ToolException(
            "memories as of a time are listed without \"order\" and \"filter\"; leave those out, or use "
                + "memory_search with \"asOf\"");
      }
      PastPage page = scoped.memory().listAsOf(scoped.searched(), asOf, arguments.idOrNull("after"), limit);
      return Answers.past(page.memories(), page.next());
    }
    if (order == null) {
      Page page = scoped.memory().list(scoped.searched(), filter, arguments.idOrNull("after"), limit);
      return Answers.page(page.memories(), page.next());
    }
    String after = arguments.textOrNull("after");
    TimePage page = scoped.memory().listByTime(scoped.searched(), filter, order,
        after == null ? null : TimePosition.parse(after), limit);
    return Answers.page(page.memories(), page.next());
  }

  private String history(Arguments arguments) {
    return Answers.history(scoped.memory().history(scoped.require(arguments.id()).id(),
        arguments.countOrNull("before", Integer.MAX_VALUE), arguments.count("limit", USUAL_PAGE, MOST)));
  }
}
