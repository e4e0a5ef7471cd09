/**
 * The contracts of the three stores, and the values that they exchange with the write path; and the contract of the
 * store of conversations, which is apart from them.
 *
 * <p>
 * They are a package of their own because applications need none of them; only an implementation of a store does. Enter
 * at {@link dev.memlane.model.store.CoreStore}, {@link dev.memlane.model.store.HistoryStore},
 * {@link dev.memlane.model.store.VectorIndex} and {@link dev.memlane.model.store.ConversationStore}.
 */
@NullMarked
package dev.memlane.model.store;

import org.jspecify.annotations.NullMarked;
