package dev.memlane.server.internal.api;

import static dev.memlane.server.Role.READ;
import static dev.memlane.server.Role.WRITE;

import dev.memlane.extraction.BudgetPause;
import dev.memlane.extraction.ConversationDeadLetter;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.RememberMode;
import dev.memlane.extraction.RememberReport;
import dev.memlane.extraction.RememberRequest;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Progress;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The routes that remember conversations by a chat model, and those for what could not be remembered. A server without a model
 * answers that it has none. Safe for use by several threads.
 */
public final class RememberRoutes {

  private static final int MOST_DEAD_LETTERS = 1_000;
  private static final int USUAL_DEAD_LETTERS = 100;

  private final BlockingMemory memory;
  private final @Nullable MemoryExtractor extractor;
  private final Jobs jobs;

  /** @param extractor null for none */
  public RememberRoutes(BlockingMemory memory, @Nullable MemoryExtractor extractor, Jobs jobs) {
    this.memory = memory;
    this.extractor = extractor;
    this.jobs = jobs;
  }

  public void add(Routes routes) {
    routes.post("/api/v1/conversations/remember", WRITE, this::remember);
    routes.get("/api/v1/conversations/dead-letters", READ, this::deadLetters, "user", "agent", "run", "limit");
    routes.post("/api/v1/conversations/dead-letters/retry", WRITE, this::retry);
    routes.post("/api/v1/conversations/dead-letters/drop", WRITE, this::drop);
  }

  private MemoryAccess access(Exchange exchange) {
    return new MemoryAccess(memory, exchange.caller());
  }

  private MemoryExtractor extractor() {
    if (extractor == null) {
      throw new ProblemException(Problem.of(501, "no-model", "The server has no chat model",
          "this server was started without a chat model, so it can't remember conversations"));
    }
    return extractor;
  }

  /**
   * A conversation.
   *
   * @param mode what becomes memories; null for what the server does unless told otherwise
   * @param instructions what the model notes and what not; null for those of the server
   * @param background whether to answer at once
   */
  record RememberBody(@Nullable Scope scope, @Nullable String mode, @Nullable String instructions,
      @Nullable Boolean background) {}

  private void remember(Exchange exchange) throws IOException {
    RememberBody body = exchange.body(RememberBody.class);
    Scope conversation = conversation(exchange, body.scope);
    RememberMode mode = body.mode == null
        ? null
        : RememberMode.of(body.mode).orElseThrow(
            () -> new InvalidInputException("mode must be messages, facts or both"));
    RememberRequest request = new RememberRequest(conversation, mode, body.instructions);
    MemoryExtractor present = extractor();
    if (Boolean.TRUE.equals(body.background)) {
      Thread unused = Thread.ofVirtual().name("memlane-remember")
          .start(() -> inBackground(present, request));
      exchange.respond(202, Map.of("state", "running", "jobs", "/api/v1/jobs"));
    } else {
      exchange.respond(200, rememberNow(present, request));
    }
  }

  /**
   * The conversation that a request names. Its facts are kept and changed outside of its run, and the answers show them, so the
   * caller has to reach both.
   */
  private Scope conversation(Exchange exchange, @Nullable Scope named) {
    MemoryAccess access = access(exchange);
    Scope conversation = access.conversation(named);
    Scope unused = access.scope(MemoryExtractor.scopeOfFacts(conversation));
    return conversation;
  }

  private RememberReport rememberNow(MemoryExtractor present, RememberRequest request) throws IOException {
    return jobs.run("remember", request.conversation(),
        (Progress progress) -> BlockingMemory.await(present.remember(request)), RememberRoutes::counts);
  }

  /** What a job reports: numbers, because it is kept, and facts may be erased. */
  private static Map<String, Object> counts(RememberReport report) {
    Map<String, Object> counts = new LinkedHashMap<>();
    counts.put("messages", report.messages());
    counts.put("facts", report.facts().size());
    counts.put("usage", report.usage());
    counts.put("deadLetters", report.deadLetters());
    BudgetPause pause = report.pause();
    if (pause != null) {
      counts.put("pause", pause);
    }
    return counts;
  }

  private void inBackground(MemoryExtractor present, RememberRequest request) {
    try {
      RememberReport unused = rememberNow(present, request);
    } catch (IOException | RuntimeException e) {
      // The job says why it failed. Nothing is lost: the next call goes on there.
      System.getLogger(RememberRoutes.class.getName()).log(System.Logger.Level.DEBUG,
          "a conversation could not be remembered in the background", e);
    }
  }

  private void deadLetters(Exchange exchange) {
    MemoryAccess access = access(exchange);
    Scope within = access.scopeOrAll(MemoryRoutes.namedScope(exchange));
    int limit = exchange.number("limit", USUAL_DEAD_LETTERS, 1, MOST_DEAD_LETTERS);
    exchange.respond(200, Map.of("deadLetters", BlockingMemory.await(extractor().deadLetters(within, limit)).stream()
        // What the model has answered may say what the facts outside of the run say.
        .filter(dead -> access.covers(MemoryExtractor.scopeOfFacts(dead.conversation()))).map(RememberRoutes::document)
        .toList()));
  }

  private static Map<String, Object> document(ConversationDeadLetter dead) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("scope", dead.conversation());
    document.put("after", dead.after());
    document.put("last", dead.last());
    document.put("step", dead.step());
    document.put("reason", dead.reason());
    document.put("failedAt", dead.failedAt().toString());
    document.put("answers", dead.answers());
    return document;
  }

  /**
   * Names a dead letter.
   *
   * @param scope its conversation
   * @param after its position, from the list
   */
  record DeadLetterBody(@Nullable Scope scope, @Nullable Long after) {}

  private ConversationDeadLetter named(Exchange exchange) throws IOException {
    DeadLetterBody body = exchange.body(DeadLetterBody.class);
    Scope conversation = conversation(exchange, body.scope);
    if (body.after == null) {
      throw new InvalidInputException("after is missing; take it from the list of dead letters");
    }
    List<ConversationDeadLetter> all = BlockingMemory.await(extractor().deadLetters(conversation, MOST_DEAD_LETTERS));
    return all.stream().filter(dead -> dead.conversation().equals(conversation) && dead.after() == body.after)
        .findFirst().orElseThrow(() -> new ProblemException(
            Problem.notFound("there is no such dead letter; list them again")));
  }

  private void retry(Exchange exchange) throws IOException {
    ConversationDeadLetter dead = named(exchange);
    exchange.respond(200, jobs.run("remember", dead.conversation(),
        (Progress progress) -> BlockingMemory.await(extractor().retry(dead)), RememberRoutes::counts));
  }

  private void drop(Exchange exchange) throws IOException {
    ConversationDeadLetter dead = named(exchange);
    exchange.respond(200, Map.of("dropped", BlockingMemory.await(extractor().drop(dead))));
  }
}
