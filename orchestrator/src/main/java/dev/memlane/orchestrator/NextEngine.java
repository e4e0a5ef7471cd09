package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.follow.VectorFiller;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.postgres.Database;

/** What an engine for another model needs, before its index is opened. */
record NextEngine(Database database, PostgresCoreStore core, BatchingEmbedder embedder, Environment environment) {

  /** What embeds the texts that core has no vectors of. */
  VectorFiller filler(int textsPerSecond, long mostTokens, Progress progress) {
    return new VectorFiller(core, core, embedder, environment, textsPerSecond, mostTokens, progress);
  }
}
