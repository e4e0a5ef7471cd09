package dev.memlane.server.internal.api;

import static dev.memlane.server.Role.READ;
import static dev.memlane.server.Role.WRITE;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.SearchPart;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimeParser;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.PastPage;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.TimePage;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.api.ListBody.Order;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Problems;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The routes for memories: adding, reading, changing, listing and searching. Safe for use by several threads. */
public final class MemoryRoutes {

  private static final int MOST_IN_BATCH = 1_000;
  private static final int LONGEST_PAGE = 1_000;
  private static final int USUAL_PAGE = 100;
  private static final int MOST_NEIGHBOURS = 100;
  private static final int USUAL_NEIGHBOURS = 10;

  private final BlockingMemory memory;
  private final Audit audit;

  public MemoryRoutes(BlockingMemory memory, Audit audit) {
    this.memory = memory;
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.post("/api/v1/memories", WRITE, this::addOne);
    routes.post("/api/v1/memories/batch", WRITE, this::addBatch);
    routes.put("/api/v1/memories", WRITE, this::put);
    routes.get("/api/v1/memories", READ, this::list, "user", "agent", "run", "order", "limit", "cursor", "expired",
        "at");
    routes.post("/api/v1/memories/list", READ, this::listByBody);
    routes.post("/api/v1/memories/search", READ, this::search);
    routes.post("/api/v1/context", READ, this::context);
    routes.post("/api/v1/memories/count", READ, this::count);
    routes.post("/api/v1/memories/delete", WRITE, this::deleteAll);
    routes.get("/api/v1/memories/{id}", READ, this::get, "expired", "at");
    routes.patch("/api/v1/memories/{id}", WRITE, this::update);
    routes.delete("/api/v1/memories/{id}", WRITE, this::delete, "purge", "by");
    routes.get("/api/v1/memories/{id}/history", READ, this::history, "limit", "cursor");
    routes.get("/api/v1/memories/{id}/neighbours", READ, this::neighbours, "limit");
  }

  private MemoryAccess access(Exchange exchange) {
    return new MemoryAccess(memory, exchange.caller());
  }

  private void addOne(Exchange exchange) throws IOException {
    NewMemory added = exchange.body(MemoryBody.class).toMemory(access(exchange), exchange.header("Idempotency-Key"));
    respond(exchange, memory.add(added));
  }

  private void put(Exchange exchange) throws IOException {
    NewMemory put = exchange.body(MemoryBody.class).toMemory(access(exchange), exchange.header("Idempotency-Key"));
    respond(exchange, memory.put(put));
  }

  private static void respond(Exchange exchange, WriteOutcome outcome) {
    switch (outcome) {
      case WriteOutcome.Stored(Memory stored) -> {
        exchange.header("Location", "/api/v1/memories/" + stored.id());
        exchange.tag(stored.op()).respond(201, outcome);
      }
      case WriteOutcome.Replaced(Memory replaced) -> exchange.tag(replaced.op()).respond(200, outcome);
      case WriteOutcome.DuplicateOf(Memory there) -> exchange.tag(there.op()).respond(200, outcome);
      default -> throw new ProblemException(Problems.of(outcome));
    }
  }

  /**
   * A batch of memories to add or put.
   *
   * @param mode what to do with each; to add it unless given
   */
  record BatchBody(@Nullable List<MemoryBody> memories, @Nullable BatchMode mode) {}

  /** What to do with the memories of a batch. */
  enum BatchMode {
    ADD, PUT
  }

  private void addBatch(Exchange exchange) throws IOException {
    BatchBody body = exchange.body(BatchBody.class);
    List<MemoryBody> bodies = body.memories;
    if (bodies == null || bodies.isEmpty() || bodies.size() > MOST_IN_BATCH) {
      throw new InvalidInputException("memories must be a list of 1 to " + MOST_IN_BATCH + " memories");
    }
    MemoryAccess access = access(exchange);
    BatchItems items = BatchItems.read(bodies, one -> one.toMemory(access, null));
    List<WriteOutcome> outcomes = body.mode == BatchMode.PUT
        ? memory.putMemories(items.valid())
        : memory.addMemories(items.valid());
    exchange.respond(200, Map.of("outcomes", items.results(outcomes)));
  }

  private void get(Exchange exchange) {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    Instant at = exchange.time("at");
    MemoryAccess access = access(exchange);
    if (at == null) {
      Memory found = access.require(id, expired(exchange.flag("expired")));
      exchange.tag(found.op()).respond(200, found);
    } else {
      access.requireReachable(id);
      // Without an ETag: a past state is none that a change could expect.
      exchange.respond(200, memory.getAsOf(id, at).orElseThrow(
          () -> new ProblemException(Problem.notFound("there was no memory " + id + " at " + at))));
    }
  }

  private void update(Exchange exchange) throws IOException {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    MemoryUpdate update = new UpdateBody(exchange.body(ObjectNode.class)).toUpdate(id, exchange.expected(),
        exchange.json());
    access(exchange).requireReachable(id);
    Memory updated = memory.updateMemory(update);
    exchange.tag(updated.op()).respond(200, new WriteOutcome.Stored(updated));
  }

  private void delete(Exchange exchange) throws IOException {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    MemoryDeletion deletion = new MemoryDeletion(id, exchange.query("by"), exchange.expected(),
        exchange.flag("purge"));
    access(exchange).requireReachable(id);
    exchange.respond(200, deletion.purgesHistory()
        ? audit.act(exchange, Action.ERASE, AuditLog.values("memory", id), () -> memory.deleteMemory(deletion),
            erased -> Map.of())
        : memory.deleteMemory(deletion));
  }

  private void history(Exchange exchange) {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    access(exchange).requireReachable(id);
    String cursor = exchange.query("cursor");
    HistoryPage page = memory.history(id, cursor == null ? null : exchange.number("cursor", 1, 1, Integer.MAX_VALUE),
        exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE));
    if (page.entries().isEmpty() && cursor == null) {
      throw new ProblemException(Problem.notFound("there is no memory " + id));
    }
    exchange.respond(200, page("entries", page.entries(), page.next()));
  }

  /** The nearest by meaning in the memory's scope, without the memory itself. */
  private void neighbours(Exchange exchange) {
    MemoryId id = MemoryId.parse(exchange.path("id"));
    int limit = exchange.number("limit", USUAL_NEIGHBOURS, 1, MOST_NEIGHBOURS);
    Memory found = access(exchange).require(id, Expired.INCLUDED);
    SearchRequest nearest = SearchRequest.builder(found.content()).scope(found.scope()).without(SearchPart.NAMES)
        .mode(SearchRequest.Mode.SEMANTIC).limit(limit + 1).include(SearchRequest.Include.EXPLANATION).build();
    List<SearchHit> others = memory.search(nearest).stream().filter(hit -> !hit.memory().id().equals(id)).limit(limit)
        .toList();
    exchange.respond(200, Map.of("hits", others));
  }

  private void list(Exchange exchange) {
    String order = exchange.query("order");
    list(exchange, new ListBody(namedScope(exchange), null, order == null ? null : order(order),
        exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE), exchange.query("cursor"), exchange.flag("expired"),
        exchange.query("at")));
  }

  private static Order order(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "id" -> Order.ID;
      case "oldest" -> Order.OLDEST;
      case "newest" -> Order.NEWEST;
      default -> throw new InvalidInputException("order must be id, oldest or newest");
    };
  }

  private void listByBody(Exchange exchange) throws IOException {
    list(exchange, exchange.body(ListBody.class));
  }

  private void list(Exchange exchange, ListBody list) {
    Scope scope = access(exchange).scopeOrAll(list.scope());
    int limit = Objects.requireNonNullElse(list.limit(), USUAL_PAGE);
    if (limit < 1 || limit > LONGEST_PAGE) {
      throw new InvalidInputException("limit must be a whole number from 1 to " + LONGEST_PAGE);
    }
    Expired expired = expired(Boolean.TRUE.equals(list.expired()));
    String cursor = list.cursor();
    Order order = Objects.requireNonNullElse(list.order(), Order.ID);
    String at = list.at();
    if (at != null) {
      if (order != Order.ID || list.filter() != null) {
        throw new InvalidInputException(
            "a list as of a time is by id and has no filter; leave order and filter out, or "
                + "search with at");
      }
      PastPage page = memory.listAsOf(scope, TimeParser.standard().parse("at", at),
          cursor == null ? null : MemoryId.parse(cursor), limit, expired);
      Map<String, @Nullable Object> answer = new LinkedHashMap<>(page("past", page.memories(), page.next()));
      // A client with types has one type for each of the two.
      answer.put("memories", List.of());
      exchange.respond(200, answer);
    } else if (order == Order.ID) {
      Page page = memory.list(scope, list.filter(), cursor == null ? null : MemoryId.parse(cursor), limit, expired);
      exchange.respond(200, page("memories", page.memories(), page.next()));
    } else {
      TimePage page = memory.listByTime(scope, list.filter(),
          order == Order.OLDEST ? TimeOrder.OLDEST_FIRST : TimeOrder.NEWEST_FIRST,
          cursor == null ? null : TimePosition.parse(cursor), limit, expired);
      exchange.respond(200,
          page("memories", page.memories(), page.next()));
    }
  }

  private void search(Exchange exchange) throws IOException {
    exchange.respond(200, Map.of("hits", memory.search(exchange.body(SearchBody.class).toRequest(access(exchange)))));
  }

  private void context(Exchange exchange) throws IOException {
    exchange.respond(200, memory.context(exchange.body(ContextBody.class).toRequest(access(exchange))));
  }

  /** Which memories to count. */
  record CountBody(@Nullable Scope scope, @Nullable Filter filter, @Nullable Boolean expired) {}

  private void count(Exchange exchange) throws IOException {
    CountBody body = exchange.body(CountBody.class);
    exchange.respond(200, Map.of("count", memory.count(access(exchange).scopeOrAll(body.scope), body.filter,
        expired(Boolean.TRUE.equals(body.expired)))));
  }

  /** Which memories to delete. */
  record DeleteBody(@Nullable Scope scope, @Nullable Filter filter, @Nullable Boolean purge) {}

  private void deleteAll(Exchange exchange) throws IOException {
    DeleteBody body = exchange.body(DeleteBody.class);
    if (body.filter == null) {
      throw new InvalidInputException("a deletion of several memories needs a filter; DELETE /api/v1/scopes erases "
          + "everything in a scope");
    }
    Scope scope = access(exchange).scope(body.scope);
    boolean purge = Boolean.TRUE.equals(body.purge);
    // The filter is left out of the log: its values are contents.
    exchange.respond(200, audit.delete(exchange, purge ? Action.ERASE : Action.DELETE,
        AuditLog.values("scope", scope, "filtered", true), () -> memory.deleteAll(scope, body.filter, purge)));
  }

  /** The scope that the query names; null if it names none. */
  static @Nullable Scope namedScope(Exchange exchange) {
    String user = exchange.query("user");
    String agent = exchange.query("agent");
    String run = exchange.query("run");
    return user == null && agent == null && run == null ? null : new Scope(user, agent, run);
  }

  static Expired expired(boolean included) {
    return included ? Expired.INCLUDED : Expired.LEFT_OUT;
  }

  static Map<String, @Nullable Object> page(String name, Object items, @Nullable Object next) {
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put(name, items);
    if (next != null) {
      page.put("next", next.toString());
    }
    return page;
  }
}
