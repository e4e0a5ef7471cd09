package dev.memlane.server.internal.api;

import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Routes;
import java.util.Map;

/**
 * The route by which another process of the owner asks for the directory. Only the server of a process that shares its
 * directory has it, and there the owner's key is the only one. Safe for use by several threads.
 */
public final class HandOverRoutes {

  /** The path of the route. */
  public static final String PATH = "/api/v1/hand-over";

  /** The status of a request that is granted. */
  public static final int ACCEPTED = 202;

  private final Runnable handOver;

  /** @param handOver returns at once, and hands over after the answer */
  public HandOverRoutes(Runnable handOver) {
    this.handOver = handOver;
  }

  public void add(Routes routes) {
    routes.postNothing(PATH, Role.ADMIN, exchange -> {
      exchange.respond(ACCEPTED, Map.of("handsOver", true));
      handOver.run();
    });
  }
}
