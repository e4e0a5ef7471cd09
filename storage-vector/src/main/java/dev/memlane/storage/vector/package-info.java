/**
 * The vector index: how memories are found, by meaning and by words, near-real-time, on Apache Lucene.
 *
 * <p>
 * Enter at {@link dev.memlane.storage.vector.LuceneVectorIndex}. It is a copy of what the core store holds: a lost,
 * damaged or outdated index folder costs the time to put everything again, and nothing else.
 */
@NullMarked
package dev.memlane.storage.vector;

import org.jspecify.annotations.NullMarked;
