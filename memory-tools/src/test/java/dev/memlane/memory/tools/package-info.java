/** Tests of memory as tools. */
@NullMarked
package dev.memlane.memory.tools;

import org.jspecify.annotations.NullMarked;
