/**
 * The index's agreement with core: after crashes, after failures, and after writes of other processes. Not for users of the
 * library.
 *
 * <p>
 * {@link dev.memlane.orchestrator.internal.follow.IndexFollower} makes the index follow core for one memory,
 * {@link dev.memlane.orchestrator.internal.follow.BatchFollower} for many, and
 * {@link dev.memlane.orchestrator.internal.follow.IndexComparison} for all. {@code BackgroundFollower} retries single memories,
 * {@code ChangePoller} follows the writes of other processes, {@code ReopeningIndex} replaces an index that has failed, and
 * {@code Expunger} removes erased memories from files and caches.
 */
@NullMarked
package dev.memlane.orchestrator.internal.follow;

import org.jspecify.annotations.NullMarked;
