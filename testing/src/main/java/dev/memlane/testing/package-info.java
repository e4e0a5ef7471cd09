/**
 * What the tests of several modules share, and no user gets: the contract suites that every implementation of a store
 * passes, wrappers that make a store fail on request, and a real PostgreSQL for a test run.
 */
@NullMarked
package dev.memlane.testing;

import org.jspecify.annotations.NullMarked;
