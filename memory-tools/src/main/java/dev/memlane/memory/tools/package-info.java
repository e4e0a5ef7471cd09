/**
 * The memory calls as tools that a model can call, on lanes. Enter at {@link dev.memlane.memory.tools.MemoryTools}.
 */
@NullMarked
package dev.memlane.memory.tools;

import org.jspecify.annotations.NullMarked;
