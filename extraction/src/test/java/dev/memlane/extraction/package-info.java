/** Tests of the chat models against a scripted provider, and of remembering on a real database and a real index. */
@NullMarked
package dev.memlane.extraction;

import org.jspecify.annotations.NullMarked;
