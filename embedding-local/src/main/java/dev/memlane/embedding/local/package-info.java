/**
 * A sentence model that runs inside the process: no service, no key, no network. It is in a module of its own because
 * its native library and the model add 110 MB to the class path.
 *
 * <p>
 * Enter at {@link dev.memlane.embedding.local.LocalEmbedder}.
 */
@NullMarked
package dev.memlane.embedding.local;

import org.jspecify.annotations.NullMarked;
