/**
 * Chat exports: finding out which program wrote a file, reading its conversations with who says what and when, and remembering
 * them.
 *
 * <p>
 * Enter at {@link dev.memlane.cli.internal.conversation.ChatExport} for reading, and at
 * {@link dev.memlane.cli.internal.conversation.Rememberer} for the rest.
 */
@NullMarked
package dev.memlane.cli.internal.conversation;

import org.jspecify.annotations.NullMarked;
