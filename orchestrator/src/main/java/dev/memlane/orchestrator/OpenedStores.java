package dev.memlane.orchestrator;

import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;
import dev.memlane.model.store.VectorIndex;

/** The three stores as they were opened, and where the units begin that core and history share. */
record OpenedStores(Units units, CoreStore core, HistoryStore history, VectorIndex index) {}
