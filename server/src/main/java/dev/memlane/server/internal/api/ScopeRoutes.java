package dev.memlane.server.internal.api;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.ScopePage;
import dev.memlane.server.Role;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;

/** The routes for whole scopes. Safe for use by several threads. */
public final class ScopeRoutes {

  private static final int LONGEST_PAGE = 1_000;
  private static final int USUAL_PAGE = 100;

  private final BlockingMemory memory;
  private final Jobs jobs;
  private final Audit audit;

  public ScopeRoutes(BlockingMemory memory, Jobs jobs, Audit audit) {
    this.memory = memory;
    this.jobs = jobs;
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.get("/api/v1/scopes", Role.READ, this::list, "prefix", "limit", "cursor");
    routes.delete("/api/v1/scopes", Role.ADMIN, this::erase, "user", "agent", "run", "keepHistory");
  }

  private void list(Exchange exchange) throws IOException {
    String cursor = exchange.query("cursor");
    ScopePage page = new MemoryAccess(memory, exchange.caller()).scopes(exchange.query("prefix"),
        cursor == null ? null : scope(cursor, exchange), exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE));
    Scope next = page.next();
    exchange.respond(200, MemoryRoutes.page("scopes", page.scopes(),
        next == null ? null : Base64.getUrlEncoder().withoutPadding().encodeToString(exchange.json().write(next))));
  }

  private static Scope scope(String cursor, Exchange exchange) throws IOException {
    try {
      return exchange.json().read(new ByteArrayInputStream(Base64.getUrlDecoder().decode(cursor)), Scope.class);
    } catch (IllegalArgumentException | ProblemException e) {
      throw new InvalidInputException("the cursor is none of this list; take it from \"next\" of the page before", e);
    }
  }

  /** Erases everything in a scope: memories with their histories, unless those are to be kept, and conversations. */
  private void erase(Exchange exchange) throws IOException {
    Scope scope = new MemoryAccess(memory, exchange.caller()).scope(MemoryRoutes.namedScope(exchange));
    boolean purge = !exchange.flag("keepHistory");
    exchange.respond(200, audit.delete(exchange, purge ? Action.ERASE : Action.DELETE, AuditLog.values("scope", scope),
        () -> jobs.run(purge ? "erase" : "delete", scope, progress -> memory.deleteAll(scope, null, purge))));
  }
}
