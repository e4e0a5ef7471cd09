package dev.memlane.server.internal.api;

import dev.memlane.archive.ArchiveExporter;
import dev.memlane.archive.ArchiveImporter;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Edits;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.server.Role;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes for archives and for the comparison of the stores. Safe for use by several threads. */
public final class ArchiveRoutes {

  /** The content type of JSON Lines. */
  static final String JSON_LINES = "application/jsonl";

  private static final Map<String, Object> EVERYTHING = AuditLog.values("everything", true);

  private final MemoryOrchestrator memory;
  private final Jobs jobs;
  private final Audit audit;

  public ArchiveRoutes(MemoryOrchestrator memory, Jobs jobs, Audit audit) {
    this.memory = memory;
    this.jobs = jobs;
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.get("/api/v1/export", Role.ADMIN, this::export, "user", "agent", "run", "vectors");
    routes.post("/api/v1/import", Role.ADMIN, this::restore, "edits");
    routes.post("/api/v1/verify", Role.ADMIN, this::verify, "repair");
  }

  /** How to compare the stores, in the body of a request. */
  record VerifyBody(@Nullable Boolean repair) {}

  private MemoryAccess access(Exchange exchange) {
    return new MemoryAccess(memory.blocking(), exchange.caller());
  }

  private void export(Exchange exchange) throws IOException {
    Scope scope = access(exchange).scopeOrAll(MemoryRoutes.namedScope(exchange));
    boolean vectors = exchange.flag("vectors");
    if (exchange.request().getMethod().equals("HEAD")) {
      throw new ProblemException(Problem.of(405, "method-not-allowed", "The method is not for this path",
          "an export is read with GET").header("Allow", "GET"));
    }
    var unused = audit.act(exchange, Action.EXPORT,
        AuditLog.values("scope", scope, "everything", scope == null ? true : null),
        () -> jobs.run("export", scope, progress -> ArchiveExporter.builder(memory).scope(scope).vectors(vectors)
            .progress(progress).build().exportTo(exchange.stream(200, JSON_LINES))),
        report -> Map.of("memories", report.memories()));
  }

  private void restore(Exchange exchange) throws IOException {
    access(exchange).requireEverything();
    exchange.requireType(JSON_LINES, "application/x-ndjson");
    Edits edits = exchange.flag("edits") ? Edits.TAKEN : Edits.REFUSED;
    try (InputStream input = exchange.input(Long.MAX_VALUE)) {
      exchange.respond(200, audit.act(exchange, Action.IMPORT, EVERYTHING,
          () -> jobs.run("import", null,
              progress -> ArchiveImporter.builder(memory).edits(edits).progress(progress).build().importFrom(input)),
          report -> AuditLog.values("read", report.read(), "restored", report.restored(), "failed", report.failed())));
    }
  }

  private void verify(Exchange exchange) throws IOException {
    access(exchange).requireEverything();
    VerifyBody given = exchange.bodyIfAny(VerifyBody.class);
    boolean repair = exchange.flag("repair", given == null ? null : given.repair);
    VerifyReport report = audit.act(exchange, Action.VERIFY, AuditLog.values("everything", true, "repair", repair),
        () -> jobs.run("verify", null, progress -> memory.blocking().verify(repair)),
        found -> AuditLog.values("inconsistencies", found.inconsistencies().size(), "repaired", found.repaired()));
    exchange.respond(200, Map.of("clean", report.isClean(), "core", report.core(), "history", report.history(),
        "vector", report.vector(), "inconsistencies", report.inconsistencies(), "repaired", report.repaired()));
  }
}
