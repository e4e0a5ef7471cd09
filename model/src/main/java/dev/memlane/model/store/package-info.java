/**
 * The contracts of the three stores, and what passes between them and the write path. Applications need none of it; an
 * implementation of a store of one's own does. Enter at {@link dev.memlane.model.store.CoreStore},
 * {@link dev.memlane.model.store.HistoryStore} and {@link dev.memlane.model.store.VectorIndex}.
 */
@NullMarked
package dev.memlane.model.store;

import org.jspecify.annotations.NullMarked;
