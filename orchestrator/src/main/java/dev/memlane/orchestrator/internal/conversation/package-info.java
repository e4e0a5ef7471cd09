/**
 * Conversations: changes of their logs and windows, repeated where an answer was lost. Not for users of the library.
 *
 * <p>
 * Enter at {@link dev.memlane.orchestrator.internal.conversation.ConversationHandler}.
 */
@NullMarked
package dev.memlane.orchestrator.internal.conversation;

import org.jspecify.annotations.NullMarked;
