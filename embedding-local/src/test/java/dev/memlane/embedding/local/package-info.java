/** Tests with the real model. */
@NullMarked
package dev.memlane.embedding.local;

import org.jspecify.annotations.NullMarked;
