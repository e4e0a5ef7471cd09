/** Tests of evaluation. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli.internal.evaluation;
