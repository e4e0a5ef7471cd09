/** Tests of the commands, as a user runs them. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli.internal.command;
