package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A follower of the log on request. Unlike the {@link ChangePoller} it waits for memories that are busy, so what it has
 * followed is in the index. One call at a time.
 */
public final class LogFollower {

  private static final int PAGE = 5_000;
  private static final int FOLLOWED_AT_ONCE = 16;

  private final Stores stores;
  private final Environment environment;
  private final BatchFollower batchFollower;
  private final IndexFollower follower;
  private volatile String position;

  private LogFollower(Stores stores, Environment environment, BatchFollower batchFollower, IndexFollower follower,
      String position) {
    this.stores = stores;
    this.environment = environment;
    this.batchFollower = batchFollower;
    this.follower = follower;
    this.position = position;
  }

  /** A follower of what is committed from now on; fails if the log can't be read. */
  public static CompletableFuture<LogFollower> fromNow(Stores stores, Environment environment,
      BatchFollower batchFollower, IndexFollower follower) {
    return stores.history().changes(null, 1)
        .thenApply(page -> new LogFollower(stores, environment, batchFollower, follower, page.next()));
  }

  /**
   * Makes the index agree with what was committed since the last call that succeeded, or since this was made.
   *
   * @return fails if the log or core can't be read, or the index can't be written
   */
  public CompletableFuture<Void> follow() {
    return read(position, new HashSet<>());
  }

  private CompletableFuture<Void> read(String after, Set<MemoryId> changed) {
    return stores.history().changes(after, PAGE).thenComposeAsync(page -> {
      page.changes().stream().map(MemoryChange::memory).forEach(changed::add);
      return page.more()
          ? read(page.next(), changed)
          : followAll(changed).thenAccept(done -> position = page.next());
    }, environment.executor());
  }

  private CompletableFuture<?> followAll(Set<MemoryId> changed) {
    return batchFollower.followChanged(changed).thenComposeAsync(followed -> {
      List<MemoryId> busy = new ArrayList<>(followed.busy());
      return BoundedParallel.run(busy, FOLLOWED_AT_ONCE, follower::follow, environment);
    }, environment.executor());
  }
}
