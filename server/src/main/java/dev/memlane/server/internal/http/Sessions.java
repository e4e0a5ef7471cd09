package dev.memlane.server.internal.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.memlane.server.ApiKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of browsers, each begun with an API key.
 *
 * <p>
 * A session is a cookie that no script can read and that a browser sends with requests of this server's own pages only. As a
 * second line of defence a request that changes something must carry the session's token, which only such a page can know. A
 * session allows what its key allows, and ends with the key, with the server, or after {@link #LONGEST}. Safe for use by
 * several threads.
 */
public final class Sessions {

  /** The header that carries a session's token. */
  public static final String TOKEN_HEADER = "X-Memlane-Csrf";
  /** How long a session lasts. */
  public static final Duration LONGEST = Duration.ofHours(12);

  private static final int MOST = 10_000;
  private static final int SECRET_BYTES = 32;

  /**
   * A session.
   *
   * @param keyId the id of the API key that it was begun with
   * @param token what a request that changes something must carry
   */
  public record Session(String keyId, String token) {}

  private final SecureRandom random = new SecureRandom();
  private final Cache<String, Session> sessions;

  /** @param clock says when a session has lasted its time */
  public Sessions(InstantSource clock) {
    this.sessions = Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(LONGEST)
        .ticker(() -> ChronoUnit.NANOS.between(Instant.EPOCH, clock.instant())).build();
  }

  /** Begins a session and sets its cookie. */
  public Session begin(ApiKey key, Request request, Response response) {
    String id = secret();
    Session begun = new Session(key.id(), secret());
    sessions.put(id, begun);
    Response.addCookie(response, cookie(request, id, LONGEST));
    return begun;
  }

  /** The session of a request; null if it has none that lasts. */
  public @Nullable Session find(Request request) {
    String id = id(request);
    return id == null ? null : sessions.getIfPresent(id);
  }

  /** Ends the session of a request, if it has one, and removes the cookie. */
  public void end(Request request, Response response) {
    String id = id(request);
    if (id != null) {
      sessions.invalidate(id);
      Response.addCookie(response, cookie(request, "", Duration.ZERO));
    }
  }

  private static @Nullable String id(Request request) {
    String name = name(request);
    return Request.getCookies(request).stream().filter(cookie -> cookie.getName().equals(name))
        .map(HttpCookie::getValue).findFirst().orElse(null);
  }

  private static HttpCookie cookie(Request request, String value, Duration age) {
    return HttpCookie.build(name(request), value).path("/").httpOnly(true).secure(request.isSecure())
        .sameSite(HttpCookie.SameSite.STRICT).maxAge(age.toSeconds()).build();
  }

  /** Browsers share cookies between the ports of a host, so that two servers would overwrite each other's. */
  private static String name(Request request) {
    return "memlane-session-" + Request.getLocalPort(request);
  }

  private String secret() {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    return HexFormat.of().formatHex(secret);
  }
}
