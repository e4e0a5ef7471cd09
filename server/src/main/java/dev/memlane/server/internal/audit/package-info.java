/** The audit log as routes use it. */
@NullMarked
package dev.memlane.server.internal.audit;

import org.jspecify.annotations.NullMarked;
