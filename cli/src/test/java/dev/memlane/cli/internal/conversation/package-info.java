/** Tests of chat exports. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli.internal.conversation;
