/**
 * The shared parts of the modules' tests, which are not published: the contract suites that every implementation of a
 * store passes ({@link dev.memlane.testing.StoresContract}, {@link dev.memlane.testing.VectorIndexContract}), wrappers
 * that make a store or a connection fail on request, a real PostgreSQL for a test run, and a provider of embeddings
 * that fails in all the ways that real ones do.
 */
@NullMarked
package dev.memlane.testing;

import org.jspecify.annotations.NullMarked;
