package dev.memlane.embedding;

import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One text that is to be embedded once, and who asked for it. */
final class Computation {

  final String text;
  final VectorCache.@Nullable Key key;
  final @Nullable String workClass;
  final int tokens;
  /** How often all had been forgotten when it began. */
  final long forgotten;

  // Guarded by the embedder's lock
  final Set<Caller> callers = new LinkedHashSet<>();
  /** Why it was not answered when it was sent last. */
  @Nullable
  EmbeddingException lastFailure;

  Computation(String text, VectorCache.@Nullable Key key, @Nullable String workClass, int tokens,
      long forgotten) {
    this.text = text;
    this.key = key;
    this.workClass = workClass;
    this.tokens = tokens;
    this.forgotten = forgotten;
  }

  /** One who asked for a text; told apart by identity. */
  static final class Caller {
    final CompletableFuture<Embedding> future = new CompletableFuture<>();
  }
}
