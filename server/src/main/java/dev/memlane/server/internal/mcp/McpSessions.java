package dev.memlane.server.internal.mcp;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The sessions that clients have begun, and whose they are: only the API key that began a session can go on with it. They
 * are limited, all together and for each key. Safe for use by several threads.
 */
final class McpSessions {

  private static final int MOST = 10_000;
  private static final int MOST_OF_ONE = 1_000;

  private final Cache<String, String> owners;

  /** @param idle how long a session is kept without a request */
  McpSessions(Duration idle) {
    this.owners = Caffeine.newBuilder().maximumSize(MOST).expireAfterAccess(idle).build();
  }

  /** Whether a caller may begin one more session. */
  boolean hasRoom(String caller) {
    owners.cleanUp();
    return owners.estimatedSize() < MOST
        && owners.asMap().values().stream().filter(caller::equals).limit(MOST_OF_ONE).count() < MOST_OF_ONE;
  }

  void begin(String session, String caller) {
    owners.put(session, caller);
  }

  /** Whether this is a session that the caller has begun. */
  boolean isOf(@Nullable String session, String caller) {
    return session != null && caller.equals(owners.getIfPresent(session));
  }

  void end(String session) {
    owners.invalidate(session);
  }
}
