/** Tests of the connection to a server. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli.internal.data;
