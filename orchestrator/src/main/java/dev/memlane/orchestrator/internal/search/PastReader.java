package dev.memlane.orchestrator.internal.search;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Details;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.archive.PastHandler;
import dev.memlane.orchestrator.internal.archive.PastHandler.PastRow;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The reader of whole scopes as they were at a time, for a search among their memories.
 *
 * <p>
 * The index knows present states only, and a search of it would miss what was changed or deleted since. So the states of that
 * time are read from core and the history, and a temporary index is made of them. A text that is still the same keeps its
 * vector; the others are embedded. Safe for use by several threads.
 */
final class PastReader {

  private static final int PAGE = 500;
  /** How many texts are embedded at once. */
  private static final int WIDTH = 64;

  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;
  private final EmbeddedText embedded;
  private final PastHandler pastHandler;

  PastReader(Stores stores, Environment environment, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.embedder = embedder;
    this.embedded = EmbeddedText.ofVectors(embedder.vectorName(), embedder.model());
    this.pastHandler = new PastHandler(stores, environment);
  }

  /**
   * Reads the memories of the request's scopes as they were at its time.
   *
   * @return fails with an {@link InvalidInputException} if they are more than {@link SearchRequest#MOST_PAST}
   */
  CompletableFuture<SearchSource> read(SearchRequest request, Instant at) {
    Instant unexpiredAt = request.include().contains(SearchRequest.Include.EXPIRED) ? null : at;
    return rows(request.scopes(), at, unexpiredAt, new LinkedHashMap<>())
        .thenComposeAsync(rows -> BoundedParallel.run(List.copyOf(rows.values()), WIDTH, this::document, environment),
            environment.executor())
        .thenComposeAsync(documents -> stores.index().temporary(documents).thenApply(index -> {
          Map<MemoryId, IndexDocument> byMemory = new HashMap<>();
          documents.forEach(document -> byMemory.put(document.memory().id(), document));
          return new PastSource(index, byMemory);
        }), environment.executor());
  }

  private CompletableFuture<Map<MemoryId, PastRow>> rows(List<Scope> scopes, Instant at, @Nullable Instant unexpiredAt,
      Map<MemoryId, PastRow> found) {
    return scopes.isEmpty()
        ? CompletableFuture.completedFuture(found)
        : page(scopes.getFirst(), at, unexpiredAt, null, found).thenComposeAsync(
            more -> rows(scopes.subList(1, scopes.size()), at, unexpiredAt, more), environment.executor());
  }

  private CompletableFuture<Map<MemoryId, PastRow>> page(Scope scope, Instant at, @Nullable Instant unexpiredAt,
      @Nullable MemoryId after, Map<MemoryId, PastRow> found) {
    return pastHandler.list(scope, at, after, PAGE, true, unexpiredAt).thenComposeAsync(page -> {
      page.rows().forEach(row -> found.put(row.past().id(), row));
      if (found.size() > SearchRequest.MOST_PAST) {
        return CompletableFuture.failedFuture(new InvalidInputException(String.format(Locale.ROOT,
            "the scopes had more than %,d memories at that time; search smaller scopes as of a time",
            SearchRequest.MOST_PAST)));
      }
      MemoryId next = page.next();
      return next == null
          ? CompletableFuture.completedFuture(found)
          : page(scope, at, unexpiredAt, next, found);
    }, environment.executor());
  }

  private CompletableFuture<IndexDocument> document(PastRow row) {
    Memory memory = memory(row);
    String text = embedded.of(memory.actor(), memory.content());
    Embedding kept = row.present() instanceof ArchivedRow.Live live
        && ContentHash.of(null, text).equals(live.embedded()) ? live.embedding() : null;
    CompletableFuture<Embedding> embedding = kept != null && kept.model().equals(embedder.vectorName())
        ? CompletableFuture.completedFuture(kept)
        : embedder.embed(text);
    return embedding.thenApply(vector -> new IndexDocument(memory, vector));
  }

  private static Memory memory(PastRow row) {
    PastMemory past = row.past();
    Details known = past.details();
    Details details = known == null ? new Details(null, null, null) : known;
    Memory present = row.present() instanceof ArchivedRow.Live live ? live.memory() : null;
    Instant createdAt = present != null
        ? present.createdAt()
        : ((ArchivedRow.Tombstone) row.present()).createdAt();
    Scope scope = past.scope();
    if (scope == null) {
      throw new IllegalStateException("memory " + past.id() + " was found by its scope, and has none");
    }
    // A memory that was deleted and stored again is younger than its past.
    Instant created = createdAt == null || createdAt.isAfter(past.since()) ? past.since() : createdAt;
    return new Memory(past.id(), scope, present == null ? null : present.key(), details.actor(), past.content(),
        past.metadata(), details.occurredAt(), created, past.since(), details.expiresAt(), past.version(), past.op());
  }
}
