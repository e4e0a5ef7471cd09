package dev.memlane.orchestrator.internal;

import dev.memlane.model.store.ConversationStore;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;
import dev.memlane.model.store.VectorIndex;
import org.jspecify.annotations.Nullable;

/**
 * The three stores as they were opened or given, with the factory of the units that core and history share.
 *
 * @param conversations the store of conversations, or null if none was given
 */
public record OpenedStores(Units units, CoreStore core, HistoryStore history, VectorIndex index,
    @Nullable ConversationStore conversations) {

  /** The same stores with this store of conversations. */
  public OpenedStores with(@Nullable ConversationStore given) {
    return new OpenedStores(units, core, history, index, given);
  }
}
