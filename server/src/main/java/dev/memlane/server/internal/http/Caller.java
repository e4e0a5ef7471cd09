package dev.memlane.server.internal.http;

import dev.memlane.server.ApiKey;
import dev.memlane.server.AuditLog.Entrance;
import dev.memlane.server.Grant;
import dev.memlane.server.Role;

/**
 * The sender of a request, as its key names it.
 *
 * @param name the key's name, for audits
 * @param id what its requests are counted under
 * @param entrance how it was let in, for audits
 */
public record Caller(String name, String id, Role role, Grant grant, Entrance entrance) {

  /** The caller of a server without keys, which listens on loopback only. */
  public static final Caller LOCAL = new Caller("local", "local", Role.ADMIN, new Grant.Everything(),
      Entrance.LOCAL);

  /** Another process of the server's owner. */
  public static final Caller OWNER = new Caller("owner", "owner", Role.ADMIN, new Grant.Everything(),
      Entrance.OWNER);

  /** The holder of a key, who sends it with the request or has begun a session with it. */
  public static Caller of(ApiKey key, Entrance entrance) {
    return new Caller(key.name(), key.id(), key.role(), key.grant(), entrance);
  }
}
