package dev.memlane.server.internal.http;

import dev.memlane.server.ApiKey;
import dev.memlane.server.Grant;
import dev.memlane.server.Role;

/**
 * The sender of a request, as its key names it.
 *
 * @param name the key's name, for audits
 * @param id what its requests are counted under
 */
public record Caller(String name, String id, Role role, Grant grant) {

  /** The caller of a server without keys, which listens on loopback only. */
  public static final Caller LOCAL = new Caller("local", "local", Role.ADMIN, new Grant.Everything());

  /** Another process of the server's owner. */
  public static final Caller OWNER = new Caller("owner", "owner", Role.ADMIN, new Grant.Everything());

  public static Caller of(ApiKey key) {
    return new Caller(key.name(), key.id(), key.role(), key.grant());
  }
}
