/**
 * Measurement of retrieval quality on conversations and questions in LoCoMo's format.
 *
 * <p>
 * Enter at {@link dev.memlane.cli.internal.evaluation.Evaluator}.
 */
@NullMarked
package dev.memlane.cli.internal.evaluation;

import org.jspecify.annotations.NullMarked;
