package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The last ended tasks of lanes that are not durable, so that their results can be read for a while. Safe for use by
 * several threads.
 */
final class EndedTasks {

  private static final int MOST = 1_000;
  private static final long MOST_CHARACTERS = 32_000_000;

  /** A task and how it ended. */
  record Ended(LiveTask live, LaneTask task) {

    private long characters() {
      String result = task.result();
      return (long) live.payload().length() + (result == null ? 0 : result.length());
    }
  }

  @GuardedBy("this")
  private final Map<UUID, Ended> tasks = new LinkedHashMap<>();

  @GuardedBy("this")
  private long characters;

  synchronized void add(LiveTask live, LaneTask end) {
    remove(end.id());
    Ended ended = new Ended(live, end);
    tasks.put(end.id(), ended);
    characters += ended.characters();
    Iterator<Ended> oldest = tasks.values().iterator();
    while (tasks.size() > 1 && (tasks.size() > MOST || characters > MOST_CHARACTERS)) {
      characters -= oldest.next().characters();
      oldest.remove();
    }
  }

  synchronized @Nullable Ended find(UUID id) {
    return tasks.get(id);
  }

  synchronized void remove(UUID id) {
    Ended removed = tasks.remove(id);
    if (removed != null) {
      characters -= removed.characters();
    }
  }
}
