/**
 * The store of conversations: for each, its messages in PostgreSQL, exactly and in order, and which of them are in the
 * window.
 *
 * <p>
 * It is a store of its own because messages are no memories: they are never searched, never changed, and worth nothing
 * without their order. Enter at {@link dev.memlane.storage.conversation.PostgresConversationStore}.
 */
@NullMarked
package dev.memlane.storage.conversation;

import org.jspecify.annotations.NullMarked;
