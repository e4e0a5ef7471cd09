/** Tests of the pool, under a clock that the tests move. */
@NullMarked
package dev.memlane.endpoints.http;

import org.jspecify.annotations.NullMarked;
