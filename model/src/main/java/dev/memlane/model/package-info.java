/**
 * The values that every part of Memlane speaks, the contracts of the three stores, and the exceptions.
 *
 * <p>
 * Enter at {@link dev.memlane.model.NewMemory} (what a caller stores), {@link dev.memlane.model.Memory} (what is
 * there), {@link dev.memlane.model.store.Operation} (one write on its way), {@link dev.memlane.model.StoreResult} (what a
 * store answered) and {@link dev.memlane.model.WriteOutcome} (what the caller is told). The stores' contracts are
 * {@link dev.memlane.model.store.CoreStore}, {@link dev.memlane.model.store.HistoryStore} and
 * {@link dev.memlane.model.store.VectorIndex}.
 */
@NullMarked
package dev.memlane.model;

import org.jspecify.annotations.NullMarked;
