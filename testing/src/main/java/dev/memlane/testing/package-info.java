/**
 * For tests: the promises that hold through every door to a memory ({@link dev.memlane.testing.MemoryDoorContract}), the
 * contract suites that every implementation of a store passes ({@link dev.memlane.testing.StoresContract},
 * {@link dev.memlane.testing.VectorIndexContract}), wrappers that make a store or a connection fail on request, a real
 * PostgreSQL for a test run, and providers of embeddings and of chat models that fail in all the ways that real ones do.
 *
 * <p>
 * Depend on it in the scope {@code test}. It brings PostgreSQL's programs for every common platform.
 */
@NullMarked
package dev.memlane.testing;

import org.jspecify.annotations.NullMarked;
