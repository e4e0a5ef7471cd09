/**
 * An executor that runs tasks in lanes: queries many at a time, changes few, control at once.
 *
 * <p>
 * It knows nothing of memory, and needs the JDK only. Enter at {@link dev.memlane.lanes.LaneExecutor}.
 */
@NullMarked
package dev.memlane.lanes;

import org.jspecify.annotations.NullMarked;
