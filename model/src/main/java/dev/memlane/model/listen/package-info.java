/**
 * What an application can listen to: the operations on memories, and the steps within them.
 *
 * <p>
 * Enter at {@link dev.memlane.model.listen.MemoryListener}. Only the engine uses
 * {@link dev.memlane.model.listen.Activity}.
 */
@NullMarked
package dev.memlane.model.listen;

import org.jspecify.annotations.NullMarked;
