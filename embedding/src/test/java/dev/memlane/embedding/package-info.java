/** Tests of batching, sharing, deadlines, and the answers of embedders. */
@NullMarked
package dev.memlane.embedding;

import org.jspecify.annotations.NullMarked;
