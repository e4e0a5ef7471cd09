/** Tests of the executor, on real threads and with a clock that the tests move. */
@NullMarked
package dev.memlane.lanes;

import org.jspecify.annotations.NullMarked;
