/** What a prompt is given: memories and messages within a number of tokens. */
@NullMarked
package dev.memlane.orchestrator.internal.prompt;

import org.jspecify.annotations.NullMarked;
