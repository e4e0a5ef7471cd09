package dev.memlane.orchestrator;

import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;

/** The three stores as all classes here use them, and where the units begin that core and history share. */
record Stores(Units units, CoreStore core, HistoryStore history, GuardedIndex index) {}
