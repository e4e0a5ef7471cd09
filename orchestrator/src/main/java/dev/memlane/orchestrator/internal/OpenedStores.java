package dev.memlane.orchestrator.internal;

import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;
import dev.memlane.model.store.VectorIndex;

/** The three stores as they were opened or given, with the factory of the units that core and history share. */
public record OpenedStores(Units units, CoreStore core, HistoryStore history, VectorIndex index) {}
