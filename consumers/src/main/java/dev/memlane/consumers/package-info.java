/** Tests of what is published, as a project outside this build sees it. */
@NullMarked
package dev.memlane.consumers;

import org.jspecify.annotations.NullMarked;
