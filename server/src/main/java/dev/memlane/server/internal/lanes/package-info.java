/** The routes of lanes: tasks, the workers that claim them, and dead letters. */
@NullMarked
package dev.memlane.server.internal.lanes;

import org.jspecify.annotations.NullMarked;
