/**
 * An executor that runs tasks in lanes, with priorities, reserved permits, limits of starts, retries and dead
 * letters; and, on top of it, an executor of a model's tool calls.
 *
 * <p>
 * The package depends on the JDK only, and knows nothing of memories. Enter at {@link dev.memlane.lanes.LaneExecutor}
 * for tasks, or at {@link dev.memlane.lanes.ToolExecutor} for tool calls. Inside, a task passes {@code JobIntake},
 * waits in a {@code LaneState}, is granted a permit by {@code PermitAllocator}, runs in a {@code JobRun}, and is
 * ended by {@code JobEnder}. {@code JobStateMachine} makes these transitions under the {@code ExecutorLock}.
 */
@NullMarked
package dev.memlane.lanes;

import org.jspecify.annotations.NullMarked;
