package dev.memlane.server.internal.api;

import dev.memlane.model.InvalidInputException;
import dev.memlane.server.ApiKey;
import dev.memlane.server.AuditLog.Entrance;
import dev.memlane.server.internal.http.Authenticator;
import dev.memlane.server.internal.http.Caller;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Routes;
import dev.memlane.server.internal.http.Sessions;
import dev.memlane.server.internal.http.Sessions.Session;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes by which a browser signs in and out. Everybody may call them. Safe for use by several threads. */
public final class SessionRoutes {

  private static final String PATH = "/api/v1/session";

  private final Authenticator authenticator;
  private final Sessions sessions;

  public SessionRoutes(Authenticator authenticator, Sessions sessions) {
    this.authenticator = authenticator;
    this.sessions = sessions;
  }

  public void add(Routes routes) {
    routes.post(PATH, null, this::begin);
    routes.get(PATH, null, this::show);
    routes.delete(PATH, null, this::end);
  }

  /** An API key to sign in with. */
  record KeyBody(@Nullable String key) {}

  private void begin(Exchange exchange) throws IOException {
    String presented = exchange.body(KeyBody.class).key;
    if (presented == null) {
      throw new InvalidInputException("the body has no key");
    }
    ApiKey key = authenticator.key(presented);
    Session begun = sessions.begin(key, exchange.request(), exchange.response());
    exchange.respond(200, answer(Caller.of(key, Entrance.SESSION), begun));
  }

  private void show(Exchange exchange) {
    Caller caller = authenticator.caller(exchange.request());
    exchange.respond(200, answer(caller, sessions.find(exchange.request())));
  }

  private void end(Exchange exchange) {
    Caller unused = authenticator.caller(exchange.request());
    sessions.end(exchange.request(), exchange.response());
    exchange.respond(204);
  }

  private static Map<String, Object> answer(Caller caller, @Nullable Session session) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("name", caller.name());
    answer.put("role", caller.role().name().toLowerCase(Locale.ROOT));
    if (session != null) {
      answer.put("csrf", session.token());
    }
    return answer;
  }
}
