/** Tests of the executor, on real threads and under a clock that the tests move. */
@NullMarked
package dev.memlane.lanes;

import org.jspecify.annotations.NullMarked;
