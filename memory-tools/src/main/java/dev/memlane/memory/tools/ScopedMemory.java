package dev.memlane.memory.tools;

import dev.memlane.lanes.ToolException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A memory within one scope, and the resource paths that order calls. A path below {@link #root} stands for one memory,
 * so calls on the same memory are ordered, and a call on {@code root} is ordered with all of them. Safe for use by
 * several threads.
 */
final class ScopedMemory {

  private final BlockingMemory memory;
  private final Scope scope;
  private final Scope searched;
  private final @Nullable String actor;
  private final String root;
  /** Counts memories without a key. They have no id, and so no path of their own, until they are stored. */
  private final AtomicLong unnamed = new AtomicLong();

  /**
   * @param scope where memories are stored
   * @param searched where memories are found
   * @param actor the author of updates and deletions, for the history
   */
  ScopedMemory(BlockingMemory memory, Scope scope, Scope searched, @Nullable String actor) {
    this.memory = memory;
    this.scope = scope;
    this.searched = searched;
    this.actor = actor;
    this.root = "memory/" + URLEncoder.encode(searched.toString(), StandardCharsets.UTF_8);
  }

  BlockingMemory memory() {
    return memory;
  }

  Scope scope() {
    return scope;
  }

  Scope searched() {
    return searched;
  }

  @Nullable
  String actor() {
    return actor;
  }

  /**
   * Reads a memory of the scope. Its scope never changes, so the check also holds for the calls that follow.
   *
   * @throws ToolException if there is none with this id in the scope
   */
  Memory require(MemoryId id) {
    return memory.get(id).filter(found -> searched.matches(found.scope())).orElseThrow(
        () -> new ToolException("there is no memory " + id + "; memory_search finds the ids that there are"));
  }

  /** The path of all memories of the scope. */
  String root() {
    return root;
  }

  String path(MemoryId id) {
    return root + "/" + id;
  }

  /** The path of a memory that is to be stored. Without a key, it is a new path. */
  String path(NewMemory added) {
    String key = added.key();
    return key == null ? newPath() : path(MemoryId.derive(scope, key));
  }

  String newPath() {
    return root + "/new-" + unnamed.incrementAndGet();
  }

  @Override
  public String toString() {
    return scope + (searched.equals(scope) ? "" : ", searching " + searched);
  }
}
