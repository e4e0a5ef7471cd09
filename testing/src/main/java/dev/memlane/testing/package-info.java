/**
 * What the tests of several modules share, and no user gets: the contract suites that every implementation of a store
 * passes, wrappers that make a store fail on request, a real PostgreSQL for a test run, and a provider of embeddings that
 * fails in all the ways that they do.
 */
@NullMarked
package dev.memlane.testing;

import org.jspecify.annotations.NullMarked;
