/** Tests of ingestion. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli.internal.ingestion;
