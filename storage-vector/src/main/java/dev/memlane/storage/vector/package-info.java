/**
 * The vector index on Apache Lucene, which finds memories by meaning and by words, near-real-time.
 *
 * <p>
 * It is a copy of the core store's content: a lost, damaged or outdated index folder only costs the time to rebuild it.
 * Enter at {@link dev.memlane.storage.vector.LuceneVectorIndex}. Writes go through {@code DocumentWriter} and
 * {@code WriteQueue}, searches through {@code ReadExecutor} and {@code IndexSearch}.
 */
@NullMarked
package dev.memlane.storage.vector;

import org.jspecify.annotations.NullMarked;
