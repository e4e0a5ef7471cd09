/** Tests of the command, by its parts and as a whole. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli;
