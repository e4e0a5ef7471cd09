/**
 * Tasks in lanes that outlive their process, and dead letters, in PostgreSQL.
 *
 * <p>
 * {@code memlane-lanes} decides when a task runs, and keeps everything in memory. This layer above it writes down what
 * was promised before it is acknowledged: that a task was accepted, that an attempt begins, and how the task ended. Enter
 * at {@link dev.memlane.storage.tasks.DurableLanes}.
 */
@NullMarked
package dev.memlane.storage.tasks;

import org.jspecify.annotations.NullMarked;
