/** Changes of memories as server-sent events. */
@NullMarked
package dev.memlane.server.internal.events;

import org.jspecify.annotations.NullMarked;
