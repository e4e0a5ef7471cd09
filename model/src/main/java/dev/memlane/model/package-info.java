/**
 * The values that all parts of Memlane share, and the exceptions.
 *
 * <p>
 * Enter at {@link dev.memlane.model.NewMemory} (a memory to store), {@link dev.memlane.model.Memory} (a stored one),
 * {@link dev.memlane.model.store.Operation} (a write on its way), {@link dev.memlane.model.StoreResult} (a store's
 * result) and {@link dev.memlane.model.WriteOutcome} (the caller's result). The stores' contracts are
 * {@link dev.memlane.model.store.CoreStore}, {@link dev.memlane.model.store.HistoryStore} and
 * {@link dev.memlane.model.store.VectorIndex}.
 */
@NullMarked
package dev.memlane.model;

import org.jspecify.annotations.NullMarked;
