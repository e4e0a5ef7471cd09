package dev.memlane.storage.tasks;

import dev.memlane.model.InvalidInputException;
import java.util.Collection;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The lanes of this process, the tasks that it has in them, and those whose end is kept in memory. Safe for use by several
 * threads.
 */
final class LaneTasks {

  private final Map<String, DurableLane> lanes;
  private final Map<UUID, LiveTask> live = new ConcurrentHashMap<>();
  private final EndedTasks ended = new EndedTasks();

  LaneTasks(Map<String, DurableLane> lanes) {
    this.lanes = Map.copyOf(lanes);
  }

  /** @throws InvalidInputException if there is no such lane */
  DurableLane lane(String name) {
    DurableLane lane = lanes.get(name);
    if (lane == null) {
      throw new InvalidInputException("there is no lane of this name; there are " + String.join(", ", lanes.keySet()));
    }
    return lane;
  }

  /** The lane of this name; null if there is none. */
  @Nullable
  DurableLane find(String name) {
    return lanes.get(name);
  }

  /** The lane that a task of this row can be run in; null if it is not there, or does not keep what the task was promised. */
  @Nullable
  DurableLane laneOf(LaneTask task) {
    DurableLane lane = lanes.get(task.lane());
    return lane == null || task.durable() && !lane.isDurable() ? null : lane;
  }

  @Nullable
  LiveTask live(UUID id) {
    return live.get(id);
  }

  Collection<LiveTask> live() {
    return live.values();
  }

  /** Returns false if this process has the task already. */
  boolean add(LiveTask task) {
    return live.putIfAbsent(task.id(), task) == null;
  }

  void remove(LiveTask task) {
    live.remove(task.id(), task);
  }

  EndedTasks ended() {
    return ended;
  }

  @Override
  public String toString() {
    return lanes.keySet().toString();
  }
}
