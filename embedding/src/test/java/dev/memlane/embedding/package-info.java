/** Tests of batching, sharing, deadlines and of what an embedder may answer. */
@NullMarked
package dev.memlane.embedding;

import org.jspecify.annotations.NullMarked;
