/** Tests of the published artifacts, as a project outside this build sees them. */
@NullMarked
package dev.memlane.consumers;

import org.jspecify.annotations.NullMarked;
