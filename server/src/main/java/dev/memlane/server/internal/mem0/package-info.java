/** The routes of mem0, of its platform and of its self-hosted server, for code that was written against those. */
@NullMarked
package dev.memlane.server.internal.mem0;

import org.jspecify.annotations.NullMarked;
