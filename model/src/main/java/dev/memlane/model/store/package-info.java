/**
 * The contracts of the three stores, and the values that they exchange with the write path.
 *
 * <p>
 * They are a package of their own because applications need none of them; only an implementation of a store does. Enter
 * at {@link dev.memlane.model.store.CoreStore}, {@link dev.memlane.model.store.HistoryStore} and
 * {@link dev.memlane.model.store.VectorIndex}.
 */
@NullMarked
package dev.memlane.model.store;

import org.jspecify.annotations.NullMarked;
