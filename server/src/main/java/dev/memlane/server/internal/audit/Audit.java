package dev.memlane.server.internal.audit;

import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.AuditLog.Actor;
import dev.memlane.server.AuditLog.Work;
import dev.memlane.server.internal.http.Caller;
import dev.memlane.server.internal.http.Exchange;
import java.io.IOException;
import java.util.Map;
import java.util.function.Function;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/** The audit log, for the acts that requests ask for. Safe for use by several threads. */
public final class Audit {

  private final @Nullable AuditLog log;

  /** @param log null to log nothing */
  public Audit(@Nullable AuditLog log) {
    this.log = log;
  }

  /**
   * Does an act in the caller's name, and logs it before it begins and before it is answered.
   *
   * @param target what it is about, by scope and ids, without content; see {@link AuditLog#values}
   * @param counts what is logged of the result
   */
  public <T> T act(Exchange exchange, Action action, Map<String, ?> target, Work<T> work,
      Function<T, Map<String, ?>> counts) throws IOException {
    return log == null ? work.run() : log.act(actor(exchange), action, target, work, counts);
  }

  /** Deletes or erases memories, and logs it. */
  public DeleteReport delete(Exchange exchange, Action action, Map<String, ?> target, Work<DeleteReport> work)
      throws IOException {
    return act(exchange, action, target, work, report -> AuditLog.values("deleted", report.deleted(), "purged",
        report.purged(), "failed", report.failed(), "messages", report.messages()));
  }

  private static Actor actor(Exchange exchange) {
    Caller caller = exchange.caller();
    String address = Request.getRemoteAddr(exchange.request());
    return switch (caller.entrance()) {
      case KEY, SESSION -> new Actor(caller.entrance(), caller.name(), caller.id(), address);
      case OWNER, LOCAL, COMMAND -> new Actor(caller.entrance(), null, null, address);
    };
  }
}
