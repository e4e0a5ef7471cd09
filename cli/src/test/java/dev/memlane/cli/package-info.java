/** The test of the documents. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli;
