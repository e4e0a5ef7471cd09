package dev.memlane.orchestrator;

import dev.memlane.model.CoreStore;
import dev.memlane.model.HistoryStore;
import dev.memlane.model.Units;
import dev.memlane.model.VectorIndex;

/** The three stores, and where the units begin that core and history share. */
record Stores(Units units, CoreStore core, HistoryStore history, VectorIndex index) {}
