package dev.memlane.orchestrator.internal;

import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;

/** The three stores of an open orchestrator, with the factory of the units that core and history share. */
public record Stores(Units units, CoreStore core, HistoryStore history, GuardedIndex index) {}
