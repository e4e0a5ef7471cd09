package dev.memlane.server.internal.api;

import dev.memlane.model.MemlaneException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.ModelChanges;
import dev.memlane.server.Role;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** The routes for a change of the embedding model while the server serves. Safe for use by several threads. */
public final class ModelRoutes {

  private static final String CHANGE = "/api/v1/model-change";
  private static final int ACCEPTED = 202;

  private final MemoryOrchestrator memory;
  private final @Nullable ModelChanges changes;
  private final Jobs jobs;
  private final Audit audit;

  /** @param changes null if the model can't be changed over HTTP */
  public ModelRoutes(MemoryOrchestrator memory, @Nullable ModelChanges changes, Jobs jobs, Audit audit) {
    this.memory = memory;
    this.changes = changes;
    this.jobs = jobs;
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.get(CHANGE, Role.ADMIN, this::read);
    routes.post(CHANGE, Role.ADMIN, this::begin);
    routes.delete(CHANGE, Role.ADMIN, this::cancel);
    routes.postNothing(CHANGE + "/switch", Role.ADMIN, this::announceSwitch);
    routes.delete("/api/v1/old-vectors", Role.ADMIN, this::deleteOldVectors);
  }

  /** A change, in the body of a request; see {@link ModelChanges.Request}. */
  record ChangeBody(@Nullable String embedder, @Nullable String model, @Nullable String index,
      @Nullable Integer textsPerSecond, @Nullable Long mostTokens, @Nullable Boolean together) {

    ModelChanges.Request toRequest() {
      return new ModelChanges.Request(embedder, model, index, textsPerSecond, mostTokens,
          Boolean.TRUE.equals(together));
    }
  }

  private void requireEverything(Exchange exchange) {
    new MemoryAccess(memory.blocking(), exchange.caller()).requireEverything();
  }

  private ModelChange change() {
    return memory.modelChange().orElseThrow(
        () -> new ProblemException(Problem.notFound("the model has not been changed since the server began")));
  }

  private void read(Exchange exchange) {
    requireEverything(exchange);
    exchange.respond(200, change().status());
  }

  private void begin(Exchange exchange) throws IOException {
    requireEverything(exchange);
    ModelChanges begins = changes;
    if (begins == null) {
      throw new ProblemException(Problem.notFound("this server can't change its model while it serves"));
    }
    ChangeBody given = exchange.bodyIfAny(ChangeBody.class);
    ModelChanges.Request request = given == null
        ? new ModelChanges.Request(null, null, null, null, null, false)
        : given.toRequest();
    ModelChange last = memory.modelChange().orElse(null);
    if (last != null && !last.completion().isDone()) {
      throw new ProblemException(Problem.of(409, "conflict", "The model is being changed",
          last + "; wait for that change, or cancel it"));
    }
    ModelChange begun = audit.act(exchange, Action.CHANGE_MODEL,
        AuditLog.values("embedder", request.embedder(), "model", request.model(), "everything", true),
        () -> begin(begins, request), change -> Map.of());
    exchange.respond(ACCEPTED, begun.status());
  }

  /** Begins a change, whose progress is listed as that of a job. */
  private ModelChange begin(ModelChanges begins, ModelChanges.Request request) {
    CompletableFuture<ModelChange> begun = new CompletableFuture<>();
    Thread.ofVirtual().name("memlane-model-change-job").start(() -> {
      try {
        Object unused = jobs.run("model-change", null, progress -> {
          ModelChange change = begins.begin(request, progress);
          begun.complete(change);
          change.completion().join();
          return change.status();
        });
      } catch (IOException | RuntimeException e) {
        // The job's report says so, and the caller of the request if it has not been answered.
        begun.completeExceptionally(e);
      }
    });
    return await(begun);
  }

  private static <T> T await(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof MemlaneException known ? known.copy() : e;
    }
  }

  private void cancel(Exchange exchange) throws IOException {
    requireEverything(exchange);
    ModelChange change = change();
    var unused = audit.act(exchange, Action.CANCEL_MODEL_CHANGE, AuditLog.values("everything", true), () -> {
      change.cancel();
      return true;
    }, done -> Map.of());
    exchange.respond(ACCEPTED, change.status());
  }

  private void announceSwitch(Exchange exchange) throws IOException {
    requireEverything(exchange);
    ModelChange change = change();
    var unused = audit.act(exchange, Action.SWITCH_MODEL, AuditLog.values("model", change.status().model(),
        "everything", true), () -> {
          await(change.announceSwitch());
          return true;
        }, done -> Map.of());
    exchange.respond(ACCEPTED, change.status());
  }

  private void deleteOldVectors(Exchange exchange) throws IOException {
    requireEverything(exchange);
    exchange.respond(200, audit.act(exchange, Action.DELETE_OLD_VECTORS, AuditLog.values("everything", true),
        () -> jobs.run("delete-old-vectors", null, progress -> Map.of("deleted", memory.blocking().deleteOldVectors())),
        report -> report));
  }
}
