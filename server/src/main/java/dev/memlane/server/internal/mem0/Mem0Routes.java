package dev.memlane.server.internal.mem0;

import static dev.memlane.server.Role.ADMIN;
import static dev.memlane.server.Role.READ;
import static dev.memlane.server.Role.WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.extraction.BudgetPause;
import dev.memlane.extraction.FactOutcome;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.RememberMode;
import dev.memlane.extraction.RememberReport;
import dev.memlane.extraction.RememberRequest;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.ScopePage;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.TimePage;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.api.MemoryAccess;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Problems;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The routes that mem0's clients call: those of its platform, in its versions 1 to 3, and those of its self-hosted server.
 * They translate. With a chat model, facts are inferred from messages unless the request says otherwise; without one, messages
 * are stored as they are. Safe for use by several threads.
 */
public final class Mem0Routes {

  private static final int USUAL_HITS = 10;
  private static final int USUAL_PAGE = 100;
  private static final int LONGEST_PAGE = 1_000;
  /** The farthest page that a list goes to: pages are counted, not continued. */
  private static final int MOST_LISTED = 10_000;
  private static final int LONGEST_HISTORY = 1_000;
  private static final int MOST_IN_BATCH = 1_000;
  /** What clients add to a query and Memlane has no use for. */
  private static final String[] IGNORED = {"org_id", "project_id", "org_name", "project_name", "output_format",
      "version"};

  private final BlockingMemory memory;
  private final @Nullable MemoryExtractor extractor;
  private final Audit audit;

  /** @param extractor null for none */
  public Mem0Routes(BlockingMemory memory, @Nullable MemoryExtractor extractor, Audit audit) {
    this.memory = memory;
    this.extractor = extractor;
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.get("/v1/ping/", READ, this::ping);
    routes.post("/v1/memories/", WRITE, exchange -> store(exchange, false));
    routes.post("/v3/memories/add/", WRITE, exchange -> store(exchange, false));
    routes.get("/v1/memories/", READ, this::listByQuery,
        with("user_id", "agent_id", "run_id", "page", "page_size", "limit"));
    routes.post("/v2/memories/", READ, this::listByBody, with("page", "page_size"));
    routes.post("/v3/memories/", READ, this::listByBody, with("page", "page_size"));
    routes.delete("/v1/memories/", WRITE, this::deleteAll, with("user_id", "agent_id", "run_id"));
    for (String version : List.of("v1", "v2", "v3")) {
      routes.post("/" + version + "/memories/search/", READ, exchange -> search(exchange, version.equals("v3")));
    }
    one(routes, "/v1/memories/{id}/");
    routes.put("/v1/batch/", WRITE, this::updateBatch);
    routes.deleteWithBody("/v1/batch/", WRITE, this::deleteBatch);
    routes.get("/v1/entities/", READ, this::entities, with("page", "page_size"));
    routes.delete("/v1/entities/{type}/{name}/", ADMIN, this::deleteEntity, IGNORED);
    routes.delete("/v2/entities/{type}/{name}/", ADMIN, this::deleteEntity, IGNORED);
    addSelfHosted(routes);
  }

  private void addSelfHosted(Routes routes) {
    routes.post("/memories", WRITE, exchange -> store(exchange, true));
    routes.get("/memories", READ, this::listSelfHosted, with("user_id", "agent_id", "run_id", "limit", "top_k"));
    routes.delete("/memories", WRITE, this::deleteAll, with("user_id", "agent_id", "run_id"));
    routes.post("/search", READ, exchange -> search(exchange, true));
    one(routes, "/memories/{id}");
    routes.get("/entities", READ, this::entities, with("page", "page_size"));
    routes.delete("/entities/{type}/{name}", ADMIN, this::deleteEntity);
  }

  /** The routes for one memory. */
  private void one(Routes routes, String template) {
    routes.get(template, READ, this::get, IGNORED);
    routes.put(template, WRITE, this::update);
    routes.delete(template, WRITE, this::delete, with("delete_linked"));
    routes.get(template.endsWith("/") ? template + "history/" : template + "/history", READ, this::history, IGNORED);
  }

  private static String[] with(String... names) {
    List<String> all = new ArrayList<>(List.of(names));
    all.addAll(List.of(IGNORED));
    return all.toArray(String[]::new);
  }

  private MemoryAccess access(Exchange exchange) {
    return new MemoryAccess(memory, exchange.caller());
  }

  private void ping(Exchange exchange) {
    exchange.respond(200, Map.of("status", "ok", "org_id", "memlane", "project_id", "memlane", "user_email",
        exchange.caller().name()));
  }

  private void store(Exchange exchange, boolean enveloped) throws IOException {
    ObjectNode body = exchange.body(ObjectNode.class);
    boolean inEnvelope = enveloped || "v1.1".equals(Mem0Json.text(body, "output_format"));
    if (extractor != null && body.path("infer").asBoolean(true)) {
      respond(exchange, inferred(exchange, body, extractor), inEnvelope);
      return;
    }
    List<NewMemory> memories = Mem0Memory.read(body, access(exchange), exchange.header("Idempotency-Key"),
        exchange.json());
    List<WriteOutcome> outcomes = memory.addMemories(memories);
    if (outcomes.stream().noneMatch(WriteOutcome::succeeded)) {
      throw new ProblemException(Problems.of(outcomes.getFirst()));
    }
    List<Map<String, @Nullable Object>> results = new ArrayList<>();
    for (int i = 0; i < outcomes.size(); i++) {
      results.add(stored(memories.get(i), outcomes.get(i)));
    }
    respond(exchange, results, inEnvelope);
  }

  /** Appends the messages to their conversation and remembers it; what was known already is no result. */
  private List<Map<String, @Nullable Object>> inferred(Exchange exchange, ObjectNode body, MemoryExtractor model) {
    MemoryAccess access = access(exchange);
    Mem0Conversation said = Mem0Conversation.read(body, access, exchange.header("Idempotency-Key"), exchange.json());
    // Facts are kept, found and changed outside of the run.
    Scope unusedScope = access.scope(MemoryExtractor.scopeOfFacts(said.scope()));
    var unused = memory.conversations().append(said.scope(), said.messages());
    RememberReport report = BlockingMemory.await(model.remember(new RememberRequest(said.scope(),
        RememberMode.FACTS, Mem0Json.text(body, "custom_instructions"))));
    if (report.deadLetters() > 0) {
      throw new ProblemException(Problem.of(502, "model-failed", "The chat model failed",
          "the model's answers were not valid; the messages are kept, and what failed is listed at "
              + "/api/v1/conversations/dead-letters"));
    }
    BudgetPause pause = report.pause();
    if (pause != null) {
      throw new ProblemException(Problems.budgetUsedUp(pause.until(),
          "the chat model's budget of the day is used up; the messages are kept, and a request after " + pause.until()
              + " remembers them as well"));
    }
    List<Map<String, @Nullable Object>> results = new ArrayList<>();
    for (FactOutcome fact : report.facts()) {
      String event = fact.action() == FactOutcome.Action.ADD ? "ADD" : "UPDATE";
      switch (fact.outcome()) {
        case WriteOutcome.Stored(Memory stored) -> results.add(event(event, stored));
        case WriteOutcome.DuplicateOf(Memory stored) -> results.add(event(event, stored));
        case null, default -> {
          // It was known already, or somebody has deleted it since.
        }
      }
    }
    return results;
  }

  private static Map<String, @Nullable Object> stored(NewMemory added, WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Stored(Memory memory) -> event("ADD", memory);
      case WriteOutcome.DuplicateOf(Memory memory) -> event("NOOP", memory);
      default -> {
        Map<String, @Nullable Object> failed = new LinkedHashMap<>();
        failed.put("event", "NOOP");
        failed.put("memory", added.content());
        failed.put("outcome", outcome.name());
        failed.put("problem", Problems.of(outcome).document());
        yield failed;
      }
    };
  }

  private static Map<String, @Nullable Object> event(String event, Memory memory) {
    Map<String, @Nullable Object> json = Mem0Json.memory(memory);
    json.put("event", event);
    json.put("data", Map.of("memory", memory.content()));
    return json;
  }

  private static void respond(Exchange exchange, List<?> results, boolean enveloped) {
    exchange.respond(200, enveloped ? Map.of("results", results) : results);
  }

  private void listByQuery(Exchange exchange) {
    Scope scope = access(exchange).scopeOrAll(scope(exchange));
    boolean paged = exchange.query("page") != null;
    List<Map<String, @Nullable Object>> results = list(scope == null ? List.of() : List.of(scope), null,
        exchange.number("page", 1, 1, MOST_LISTED),
        exchange.number("page_size", exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE), 1, LONGEST_PAGE));
    exchange.respond(200, paged
        ? page(results, count(scope == null ? List.of() : List.of(scope), null))
        : results);
  }

  private void listSelfHosted(Exchange exchange) {
    Scope scope = access(exchange).scopeOrAll(scope(exchange));
    int limit = exchange.number("top_k", exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE), 1, LONGEST_PAGE);
    respond(exchange, list(scope == null ? List.of() : List.of(scope), null, 1, limit), true);
  }

  private static @Nullable Scope scope(Exchange exchange) {
    String user = exchange.query("user_id");
    String agent = exchange.query("agent_id");
    String run = exchange.query("run_id");
    return user == null && agent == null && run == null ? null : new Scope(user, agent, run);
  }

  private void listByBody(Exchange exchange) throws IOException {
    ObjectNode body = exchange.body(ObjectNode.class);
    Looked looked = looked(exchange, body);
    List<Map<String, @Nullable Object>> results = list(looked.scopes, looked.filter,
        exchange.number("page", 1, 1, MOST_LISTED), exchange.number("page_size", USUAL_PAGE, 1, LONGEST_PAGE));
    boolean third = exchange.request().getHttpURI().getPath().startsWith("/v3/");
    exchange.respond(200, third || exchange.query("page") != null
        ? page(results, count(looked.scopes, looked.filter))
        : results);
  }

  /** Where a request looks, and for what. */
  private record Looked(List<Scope> scopes, @Nullable Filter filter) {}

  private Looked looked(Exchange exchange, ObjectNode body) {
    Mem0Filters.Translation filters = Mem0Filters.translate(body.get("filters"));
    Scope named = Mem0Memory.scope(body);
    if (named != null && !filters.scopes().isEmpty()) {
      throw new InvalidInputException("the request names users, agents or runs twice: beside the filters and in them");
    }
    MemoryAccess access = access(exchange);
    if (!filters.scopes().isEmpty()) {
      return new Looked(access.scopes(filters.scopes()), filters.filter());
    }
    Scope scope = access.scopeOrAll(named);
    return new Looked(scope == null ? List.of() : List.of(scope), filters.filter());
  }

  private static Map<String, @Nullable Object> page(List<?> results, long count) {
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("count", count);
    page.put("next", null);
    page.put("previous", null);
    page.put("results", results);
    return page;
  }

  /** A page of memories, newest first. */
  private List<Map<String, @Nullable Object>> list(List<Scope> scopes, @Nullable Filter filter,
      int page, int size) {
    if ((long) page * size > MOST_LISTED) {
      throw new InvalidInputException("pages go to the memory number " + MOST_LISTED
          + "; GET /api/v1/memories lists all, with a cursor");
    }
    List<Memory> found = new ArrayList<>();
    for (Scope scope : scopes.isEmpty() ? Collections.<@Nullable Scope>singletonList(null) : scopes) {
      TimePage read = memory.listByTime(scope, filter, TimeOrder.NEWEST_FIRST, null, page * size, Expired.LEFT_OUT);
      found.addAll(read.memories());
    }
    return found.stream().distinct().sorted(Comparator.comparing(TimePosition::of).reversed())
        .skip((long) (page - 1) * size).limit(size).map(Mem0Json::memory).toList();
  }

  private long count(List<Scope> scopes, @Nullable Filter filter) {
    return scopes.isEmpty()
        ? memory.count(null, filter)
        : scopes.stream().distinct().mapToLong(scope -> memory.count(scope, filter)).sum();
  }

  private void search(Exchange exchange, boolean enveloped) throws IOException {
    ObjectNode body = exchange.body(ObjectNode.class);
    String query = Mem0Json.text(body, "query");
    if (query == null) {
      throw new InvalidInputException("the search has no query");
    }
    Looked looked = looked(exchange, body);
    SearchRequest.Builder request = SearchRequest.builder(query).filter(looked.filter)
        .limit(Mem0Json.number(body, "top_k", Mem0Json.number(body, "limit", USUAL_HITS, SearchRequest.MOST),
            SearchRequest.MOST));
    if (looked.scopes.isEmpty()) {
      request.everywhere();
    } else {
      request.scopes(looked.scopes);
    }
    if (body.path("threshold").isNumber()) {
      request.threshold(body.path("threshold").doubleValue());
    }
    List<Map<String, @Nullable Object>> results = new ArrayList<>();
    for (SearchHit hit : memory.search(request.build())) {
      Map<String, @Nullable Object> json = Mem0Json.memory(hit.memory());
      json.put("score", hit.score());
      results.add(json);
    }
    respond(exchange, results, enveloped || "v1.1".equals(Mem0Json.text(body, "output_format")));
  }

  private void get(Exchange exchange) {
    exchange.respond(200, Mem0Json.memory(
        access(exchange).require(MemoryId.parse(exchange.path("id")), Expired.LEFT_OUT)));
  }

  private void update(Exchange exchange) throws IOException {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    ObjectNode body = exchange.body(ObjectNode.class);
    access(exchange).requireReachable(id);
    Map<String, @Nullable Object> updated = event("UPDATE", memory.updateMemory(toUpdate(id, body, exchange)));
    updated.put("message", "Memory updated successfully!");
    exchange.respond(200, updated);
  }

  private static MemoryUpdate toUpdate(MemoryId id, ObjectNode body, Exchange exchange) {
    String text = Mem0Json.text(body, "text");
    MemoryUpdate.Builder update = MemoryUpdate.builder(id).by(exchange.caller().name())
        .content(text == null ? Mem0Json.text(body, "data") : text);
    if (body.has("metadata")) {
      update.metadata(Mem0Memory.metadata(body, exchange.json()));
    }
    if (body.has("timestamp")) {
      update.occurredAt(Mem0Json.time(body, "timestamp"));
    }
    if (body.has("expiration_date")) {
      update.expiresAt(Mem0Json.time(body, "expiration_date"));
    }
    return update.build();
  }

  private void delete(Exchange exchange) {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    access(exchange).requireReachable(id);
    WriteOutcome.Deleted deleted = memory.deleteMemory(MemoryDeletion.of(id).by(exchange.caller().name()));
    exchange.respond(200, Map.of("message", "Memory deleted successfully!", "op", deleted.op()));
  }

  private void deleteAll(Exchange exchange) throws IOException {
    // Everything at once is not deleted by a forgotten parameter.
    Scope scope = access(exchange).scope(scope(exchange));
    DeleteReport report = audit.delete(exchange, Action.DELETE, AuditLog.values("scope", scope),
        () -> memory.deleteAll(scope, null));
    exchange.respond(200, Map.of("message", report.failed() == 0
        ? "Memories deleted successfully!"
        : "Some memories could not be deleted; send the request again", "deleted", report.deleted(), "failed",
        report.failed()));
  }

  private void history(Exchange exchange) {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    access(exchange).requireReachable(id);
    List<HistoryEntry> entries = memory.history(id, null, LONGEST_HISTORY).entries();
    if (entries.isEmpty()) {
      throw new ProblemException(Problem.notFound("there is no memory " + id));
    }
    Scope scope = memory.scopeOf(id).orElse(null);
    exchange.respond(200, entries.reversed().stream().map(entry -> Mem0Json.entry(entry, scope)).toList());
  }

  private void updateBatch(Exchange exchange) throws IOException {
    batch(exchange, "updated", (id, item) -> memory.updateMemory(toUpdate(id, item, exchange)));
  }

  private void deleteBatch(Exchange exchange) throws IOException {
    batch(exchange, "deleted",
        (id, item) -> memory.deleteMemory(MemoryDeletion.of(id).by(exchange.caller().name())));
  }

  /** What is done with one memory of a batch. */
  @FunctionalInterface
  private interface Change {
    Object apply(MemoryId id, ObjectNode item);
  }

  private void batch(Exchange exchange, String done, Change change) throws IOException {
    JsonNode items = exchange.body(ObjectNode.class).path("memories");
    if (!items.isArray() || items.isEmpty() || items.size() > MOST_IN_BATCH) {
      throw new InvalidInputException("memories must be a list of 1 to " + MOST_IN_BATCH + " memories");
    }
    MemoryAccess access = access(exchange);
    List<Map<String, @Nullable Object>> failures = new ArrayList<>();
    for (JsonNode item : items) {
      String id = item.path("memory_id").asText();
      try {
        if (!(item instanceof ObjectNode object)) {
          throw new InvalidInputException("each of the memories must be an object with a memory_id");
        }
        MemoryId parsed = MemoryId.parse(id);
        access.requireReachable(parsed);
        Object unused = change.apply(parsed, object);
      } catch (RuntimeException e) {
        // One that fails does not hold up the others; its problem is reported with the others.
        Map<String, @Nullable Object> failure = new LinkedHashMap<>();
        failure.put("memory_id", id);
        failure.put("problem", Problems.describe(e));
        failures.add(failure);
      }
    }
    Map<String, @Nullable Object> answer = new LinkedHashMap<>();
    answer.put("message", "Successfully " + done + " " + (items.size() - failures.size()) + " memories");
    answer.put("failures", failures);
    exchange.respond(200, answer);
  }

  private void entities(Exchange exchange) {
    Map<String, Long> counts = new TreeMap<>();
    MemoryAccess access = access(exchange);
    Scope after = null;
    int read = 0;
    do {
      ScopePage page = access.scopes(null, after, LONGEST_PAGE);
      page.scopes().forEach(scope -> count(scope, counts));
      read += page.scopes().size();
      after = page.next();
    } while (after != null && read < MOST_LISTED);
    List<Map<String, @Nullable Object>> results = counts.entrySet().stream().map(Mem0Routes::entity).toList();
    int size = exchange.number("page_size", LONGEST_PAGE, 1, LONGEST_PAGE);
    int number = exchange.number("page", 1, 1, MOST_LISTED);
    Map<String, @Nullable Object> page = page(
        results.stream().skip((long) (number - 1) * size).limit(size).toList(), results.size());
    page.put("complete", after == null);
    exchange.respond(200, page);
  }

  private static void count(ScopeCount count, Map<String, Long> counts) {
    Scope scope = count.scope();
    count("user", scope.user(), count.memories(), counts);
    count("agent", scope.agent(), count.memories(), counts);
    count("run", scope.run(), count.memories(), counts);
  }

  private static void count(String type, @Nullable String name, long memories, Map<String, Long> counts) {
    if (name != null) {
      counts.merge(type + ":" + name, memories, Long::sum);
    }
  }

  private static Map<String, @Nullable Object> entity(Map.Entry<String, Long> counted) {
    String[] typeAndName = counted.getKey().split(":", 2);
    Map<String, @Nullable Object> entity = new LinkedHashMap<>();
    entity.put("id", typeAndName[1]);
    entity.put("name", typeAndName[1]);
    entity.put("type", typeAndName[0]);
    entity.put("total_memories", counted.getValue());
    return entity;
  }

  private void deleteEntity(Exchange exchange) throws IOException {
    String name = exchange.path("name");
    Scope scope = switch (exchange.path("type")) {
      case "user" -> Scope.user(name);
      case "agent" -> Scope.agent(name);
      case "run" -> Scope.run(name);
      default -> throw new InvalidInputException("the type of an entity is user, agent or run");
    };
    Scope erased = access(exchange).scope(scope);
    DeleteReport report = audit.delete(exchange, Action.ERASE, AuditLog.values("scope", erased),
        () -> memory.deleteAll(erased, null, true));
    exchange.respond(200, Map.of("message", report.failed() == 0
        ? "Entity deleted successfully!"
        : "Some memories could not be deleted; send the request again", "deleted", report.deleted(), "failed",
        report.failed()));
  }
}
