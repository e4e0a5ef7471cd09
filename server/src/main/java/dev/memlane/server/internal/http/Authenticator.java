package dev.memlane.server.internal.http;

import dev.memlane.server.ApiKey;
import dev.memlane.server.ApiKeys;
import dev.memlane.server.AuditLog.Entrance;
import dev.memlane.server.internal.http.Sessions.Session;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who sends a request, by the API key that it carries ({@code Authorization: Bearer}, {@code Authorization: Token}
 * or {@code X-API-Key}), or else by the session of its browser. Safe for use by several threads.
 */
public final class Authenticator {

  /** The name of the connector that only the owner's processes may use. */
  public static final String OWNER_CONNECTOR = "owner";

  private static final String CHALLENGE = "Bearer realm=\"memlane\"";

  private static final Set<String> READING = Set.of("GET", "HEAD");

  private final @Nullable ApiKeys keys;
  private final Sessions sessions;
  /** Whether requests without a key are accepted while there are no keys. */
  private final boolean open;
  private final byte @Nullable [] ownerKey;

  /**
   * @param keys null for none
   * @param open whether requests without a key are accepted while there are no keys; only for a server on loopback
   * @param ownerKey the key of other processes of the owner, which may do everything; null for none
   */
  public Authenticator(@Nullable ApiKeys keys, Sessions sessions, boolean open, @Nullable String ownerKey) {
    this.keys = keys;
    this.sessions = sessions;
    this.open = open;
    this.ownerKey = ownerKey == null ? null : ownerKey.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Finds the caller.
   *
   * @throws ProblemException if it presents no key and has no session, the key is unknown, revoked or expired, or a change
   * lacks the session's token
   */
  public Caller caller(Request request) {
    String presented = presented(request);
    if (presented != null) {
      if (ownerKey != null && MessageDigest.isEqual(ownerKey, presented.getBytes(StandardCharsets.UTF_8))) {
        return Caller.OWNER;
      }
    }
    if (OWNER_CONNECTOR.equals(request.getConnectionMetaData().getConnector().getName())) {
      throw unauthorized("this port is for other processes of the server's owner; use the one with TLS");
    }
    if (presented != null) {
      return Caller.of(key(presented), Entrance.KEY);
    }
    Session session = sessions.find(request);
    ApiKey sessionKey = session == null || keys == null ? null : keys.findById(session.keyId()).orElse(null);
    if (session != null && sessionKey != null) {
      requireToken(request, session);
      return Caller.of(sessionKey, Entrance.SESSION);
    }
    if (open && (keys == null || keys.list().isEmpty())) {
      return Caller.LOCAL;
    }
    throw unauthorized("the request has no API key; send one as \"Authorization: Bearer\" or \"X-API-Key\"");
  }

  /**
   * Finds a key.
   *
   * @throws ProblemException if it is unknown, revoked or expired
   */
  public ApiKey key(String presented) {
    return Optional.ofNullable(keys).flatMap(all -> all.find(presented))
        .orElseThrow(() -> unauthorized("the API key is unknown, revoked or expired"));
  }

  private static void requireToken(Request request, Session session) {
    String token = request.getHeaders().get(Sessions.TOKEN_HEADER);
    if (!READING.contains(request.getMethod())
        && (token == null || !MessageDigest.isEqual(token.getBytes(StandardCharsets.UTF_8),
            session.token().getBytes(StandardCharsets.UTF_8)))) {
      throw new ProblemException(Problem.forbidden("a change by a browser's session must carry the session's token in "
          + Sessions.TOKEN_HEADER + "; reload the page"));
    }
  }

  private static @Nullable String presented(Request request) {
    String authorization = request.getHeaders().get("Authorization");
    if (authorization != null) {
      return Optional.of(authorization.split(" ", 2)).filter(parts -> parts.length == 2)
          .filter(parts -> parts[0].equalsIgnoreCase("Bearer") || parts[0].equalsIgnoreCase("Token"))
          .map(parts -> parts[1].strip()).orElse("");
    }
    return request.getHeaders().get("X-API-Key");
  }

  private static ProblemException unauthorized(String detail) {
    return new ProblemException(
        Problem.of(401, "unauthorized", "The request needs an API key", detail).header("WWW-Authenticate", CHALLENGE));
  }
}
