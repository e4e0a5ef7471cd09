package dev.memlane.langchain4j;

import static dev.langchain4j.internal.ValidationUtils.ensureConsistentSizes;
import static dev.langchain4j.internal.ValidationUtils.ensureNotBlank;
import static dev.langchain4j.internal.ValidationUtils.ensureNotNull;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.store.embedding.CosineSimilarity;
import dev.langchain4j.store.embedding.EmbeddingMatch;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.EmbeddingSearchResult;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.RelevanceScore;
import dev.langchain4j.store.embedding.filter.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.TextForm;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * LangChain4j's store of embeddings, in one scope of a memory.
 *
 * <pre>{@code
 * EmbeddingStore<TextSegment> store = MemlaneEmbeddingStore.of(memory, Scope.agent("handbook"));
 * store.addAll(embeddingModel.embedAll(segments).content(), segments);
 * }</pre>
 *
 * <p>
 * <b>Vectors</b> have to be by the memory's own model, because vectors of different models can't be compared; their
 * dimension is checked.
 *
 * <p>
 * <b>Ids</b> are the keys of memories in the scope. Adding under an id that is there replaces it, with its text, vector
 * and metadata; adding an id that was removed brings it back. A match of a memory that was stored without a key, or in a
 * narrower scope, has the memory's own id, which {@link #remove} understands too.
 *
 * <p>
 * <b>Search.</b> Scores are LangChain4j's: {@code (1 + cosine) / 2} of the query's vector and the stored one, and
 * {@code minScore} is a limit for them. If the request carries the query's text too, as that of LangChain4j's retriever
 * does, words count for the order (hybrid search); then scores need not fall from match to match. A search returns at most
 * 1,000 matches, and refuses to be asked for more.
 *
 * <p>
 * <b>Filters</b> mean what they mean to LangChain4j, also where a key is absent. Metadata comes back with its own types:
 * texts, UUIDs, and every class of number. Of memories that were stored through other doors, a boolean comes as
 * {@code true} or {@code false}, and a list as JSON; a filter for equality matches a list if an element is equal.
 *
 * <p>
 * <b>Failures.</b> {@code addAll} is one parallel write. Each embedding succeeds or fails by itself, and if one does not
 * succeed, the call fails with an {@link EmbeddingWriteException} that says which, also where it is not known yet.
 *
 * <p>
 * An embedding without a text is found by its vector alone, and is no result of {@link MemlaneContentRetriever}. Safe for
 * use by several threads.
 */
public final class MemlaneEmbeddingStore implements EmbeddingStore<TextSegment> {

  /** A search needs a text, also if only the vector counts. */
  private static final String NO_QUERY = "none";
  /** Lets the index return what lies on the limit, whatever it has rounded; the exact limit is applied afterwards. */
  private static final double ROUNDING = 1e-5;

  private final MemoryOrchestrator memory;
  private final Scope scope;
  private final boolean hybrid;
  private final boolean purging;
  private final UnaryOperator<SearchRequest.Builder> customizer;

  private MemlaneEmbeddingStore(Builder builder) {
    this.memory = builder.memory;
    this.scope = builder.scope;
    this.hybrid = builder.hybrid;
    this.purging = builder.purging;
    this.customizer = builder.customizer;
  }

  /** A store of what a scope holds. */
  public static MemlaneEmbeddingStore of(MemoryOrchestrator memory, Scope scope) {
    return builder(memory, scope).build();
  }

  /**
   * Begins to build a store.
   *
   * @param memory stays open; the caller closes it
   * @param scope where embeddings are stored. Found is everything in this scope, also in narrower ones
   */
  public static Builder builder(MemoryOrchestrator memory, Scope scope) {
    return new Builder(memory, scope);
  }

  @Override
  public String add(Embedding embedding) {
    return addAll(List.of(embedding)).getFirst();
  }

  @Override
  public void add(String id, Embedding embedding) {
    addAll(List.of(ensureNotBlank(id, "id")), List.of(embedding), null);
  }

  @Override
  public String add(Embedding embedding, TextSegment segment) {
    return addAll(List.of(embedding), List.of(segment)).getFirst();
  }

  @Override
  public List<String> addAll(List<Embedding> embeddings) {
    List<String> ids = generateIds(embeddings.size());
    addAll(ids, embeddings, null);
    return ids;
  }

  /**
   * Stores embeddings under their ids, in one parallel write. Of equal ids the last counts.
   *
   * @throws IllegalArgumentException if the lists have different sizes
   * @throws InvalidInputException if something can't be stored, such as a vector of another dimension; then nothing is
   * written
   * @throws EmbeddingWriteException if not every embedding is known to be stored
   */
  @Override
  public void addAll(@Nullable List<String> ids, @Nullable List<Embedding> embeddings,
      @Nullable List<TextSegment> segments) {
    ensureConsistentSizes(ids, embeddings, segments);
    if (ids == null || embeddings == null || embeddings.isEmpty()) {
      return;
    }
    List<NewMemory> memories = new ArrayList<>(ids.size());
    for (int i = 0; i < ids.size(); i++) {
      memories.add(newMemory(ids.get(i), embeddings.get(i), segments == null ? null : segments.get(i)));
    }
    List<WriteOutcome> outcomes = BlockingMemory.await(memory.putMemories(memories));
    Map<String, WriteOutcome> failures = new LinkedHashMap<>();
    for (int i = 0; i < ids.size(); i++) {
      if (outcomes.get(i).succeeded()) {
        // Of equal ids the last counts.
        failures.remove(ids.get(i));
      } else {
        failures.put(ids.get(i), outcomes.get(i));
      }
    }
    if (!failures.isEmpty()) {
      throw new EmbeddingWriteException("stored", ids.size(), failures);
    }
  }

  private NewMemory newMemory(String id, Embedding embedding, @Nullable TextSegment segment) {
    try {
      return NewMemory.builder(segment == null ? id : segment.text(), scope).key(id)
          .metadata(MetadataCodec.encode(segment == null ? new Metadata() : segment.metadata(), segment != null))
          .embedding(vector(embedding)).build();
    } catch (InvalidInputException e) {
      throw new InvalidInputException("the embedding \"" + id + "\" can't be stored: " + e.getMessage(), e);
    }
  }

  private dev.memlane.model.Embedding vector(Embedding embedding) {
    if (embedding.dimension() != memory.embeddingDimension()) {
      throw new InvalidInputException("the vector has " + embedding.dimension() + " dimensions, and those of "
          + memory.embeddingModel() + ", the memory's model, have " + memory.embeddingDimension()
          + ": embed with that model");
    }
    return new dev.memlane.model.Embedding(memory.embeddingModel(), embedding.vector());
  }

  /**
   * Removes embeddings by their ids; ids that are not there are ignored.
   *
   * @throws EmbeddingWriteException if not every embedding is known to be removed
   */
  @Override
  public void removeAll(@Nullable Collection<String> ids) {
    if (ids == null || ids.isEmpty()) {
      return;
    }
    Map<String, WriteOutcome> outcomes = new LinkedHashMap<>();
    Map<String, MemoryId> byKey = new LinkedHashMap<>();
    ids.forEach(id -> byKey.put(id, MemoryId.derive(scope, ensureNotBlank(id, "id"))));
    remove(byKey, outcomes);
    remove(ownIds(outcomes), outcomes);
    outcomes.values().removeIf(MemlaneEmbeddingStore::isGone);
    if (!outcomes.isEmpty()) {
      throw new EmbeddingWriteException("removed", byKey.size(), outcomes);
    }
  }

  private void remove(Map<String, MemoryId> memories, Map<String, WriteOutcome> outcomes) {
    List<WriteOutcome> done = memories.isEmpty()
        ? List.of()
        : BlockingMemory.await(memory.deleteMemories(memories.values().stream().map(this::deletion).toList()));
    int i = 0;
    for (String id : memories.keySet()) {
      outcomes.put(id, done.get(i++));
    }
  }

  /** Those of the ids that are no key here, but the own id of a memory that this store finds. */
  private Map<String, MemoryId> ownIds(Map<String, WriteOutcome> outcomes) {
    Map<String, CompletableFuture<Optional<Memory>>> candidates = new LinkedHashMap<>();
    outcomes.forEach((id, outcome) -> {
      if (outcome instanceof WriteOutcome.NotFound) {
        try {
          candidates.put(id, memory.get(MemoryId.parse(id), Expired.INCLUDED));
        } catch (InvalidInputException e) {
          // A key that is not there.
        }
      }
    });
    Map<String, MemoryId> own = new LinkedHashMap<>();
    candidates.forEach((id, found) -> BlockingMemory.await(found).filter(memory -> scope.matches(memory.scope()))
        .ifPresent(memory -> own.put(id, memory.id())));
    return own;
  }

  private static boolean isGone(WriteOutcome outcome) {
    return outcome.succeeded() || outcome instanceof WriteOutcome.NotFound
        || outcome instanceof WriteOutcome.WasDeleted;
  }

  private MemoryDeletion deletion(MemoryId id) {
    MemoryDeletion deletion = MemoryDeletion.of(id);
    return purging ? deletion.purgingHistory() : deletion;
  }

  /** Removes the embeddings that match a filter. */
  @Override
  public void removeAll(Filter filter) {
    delete(FilterTranslator.translate(ensureNotNull(filter, "filter")));
  }

  /**
   * Removes all embeddings: every memory of the scope. Conversations of the scope stay; {@code deleteAll} of the
   * orchestrator erases a scope with everything in it.
   */
  @Override
  public void removeAll() {
    delete(dev.memlane.model.Filter.and());
  }

  private void delete(dev.memlane.model.Filter filter) {
    DeleteReport report = BlockingMemory.await(memory.deleteAll(scope, filter, purging));
    if (report.failed() > 0) {
      throw new StoreException(report.failed() + " embeddings could not be removed; call again, it continues from "
          + "there. The first: " + report.failures().getFirst().describe(), null);
    }
  }

  @Override
  public EmbeddingSearchResult<TextSegment> search(EmbeddingSearchRequest request) {
    return BlockingMemory.await(searchAsync(request));
  }

  @Override
  public CompletableFuture<EmbeddingSearchResult<TextSegment>> searchAsync(EmbeddingSearchRequest request) {
    SearchRequest translated;
    try {
      translated = translate(request);
    } catch (InvalidInputException e) {
      return CompletableFuture.failedFuture(e);
    }
    return memory.search(translated).thenApply(hits -> new EmbeddingSearchResult<>(
        hits.stream().map(hit -> match(hit, request)).filter(match -> match.score() >= request.minScore()).toList()));
  }

  private SearchRequest translate(EmbeddingSearchRequest request) {
    String text = request.query();
    boolean hasText = text != null && !TextForm.isBlank(text);
    boolean byWords = hybrid && hasText;
    Filter filter = request.filter();
    SearchRequest.Builder completed = customizer.apply(SearchRequest.builder(hasText ? text : NO_QUERY).scope(scope)
        .mode(byWords ? SearchRequest.Mode.HYBRID : SearchRequest.Mode.SEMANTIC)
        .embedding(vector(request.queryEmbedding())).limit(request.maxResults())
        .minSimilarity(Math.max(-1, 2 * request.minScore() - 1 - ROUNDING)));
    if (filter != null) {
      FilterTranslator.narrow(completed, FilterTranslator.translate(filter));
    }
    return completed.include(SearchRequest.Include.EMBEDDING).build();
  }

  private EmbeddingMatch<TextSegment> match(SearchHit hit, EmbeddingSearchRequest request) {
    Memory found = hit.memory();
    String key = found.key();
    dev.memlane.model.Embedding stored = hit.embedding();
    Embedding embedding = stored == null ? null : Embedding.from(stored.vector().clone());
    double score = embedding == null
        ? hit.score()
        : RelevanceScore.fromCosineSimilarity(CosineSimilarity.between(embedding, request.queryEmbedding()));
    return new EmbeddingMatch<>(score, key != null && found.scope().equals(scope) ? key : found.id().toString(),
        embedding, MetadataCodec.isWithoutText(found.metadata())
            ? null
            : TextSegment.from(found.content(), MetadataCodec.decode(found.metadata())));
  }

  @Override
  public String toString() {
    return "MemlaneEmbeddingStore[" + scope + "]";
  }

  /** The optional settings of a store. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private final Scope scope;
    private boolean hybrid = true;
    private boolean purging;
    private UnaryOperator<SearchRequest.Builder> customizer = UnaryOperator.identity();

    private Builder(MemoryOrchestrator memory, Scope scope) {
      this.memory = memory;
      this.scope = scope;
    }

    /** Sets whether words count for the order if a request carries the query's text; true by default. */
    public Builder hybrid(boolean hybrid) {
      this.hybrid = hybrid;
      return this;
    }

    /**
     * Sets whether removing also purges histories, so that no store holds the content any more; false by default. See
     * {@link MemoryOrchestrator#deleteAll(Scope, dev.memlane.model.Filter, boolean)}.
     */
    public Builder purging(boolean purging) {
      this.purging = purging;
      return this;
    }

    /**
     * Sets a function that completes each search, with everything that Memlane's searches have: recency, diversity, a
     * re-ranker (which needs requests that carry the query's text). Its filter holds together with the request's. Scores
     * stay LangChain4j's.
     */
    public Builder search(UnaryOperator<SearchRequest.Builder> customizer) {
      this.customizer = customizer;
      return this;
    }

    public MemlaneEmbeddingStore build() {
      return new MemlaneEmbeddingStore(this);
    }
  }
}
