package dev.memlane.storage.conversation;

import dev.memlane.model.Scope;

/**
 * A slice of a conversation that is being remembered.
 *
 * @param conversation the conversation's scope
 * @param number the conversation's number; another conversation of the same scope has another one
 * @param after the position of the message after which it begins; 0 for the beginning
 * @param last the position of its last message
 */
public record RememberedSlice(Scope conversation, long number, long after, long last) {}
