package dev.memlane.spring.ai;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest.Include;
import dev.memlane.orchestrator.SearchRequest.Mode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.document.Document;
import org.springframework.ai.document.DocumentMetadata;
import org.springframework.ai.observation.conventions.VectorStoreSimilarityMetric;
import org.springframework.ai.vectorstore.AbstractVectorStoreBuilder;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.filter.Filter.Expression;
import org.springframework.ai.vectorstore.observation.AbstractObservationVectorStore;
import org.springframework.ai.vectorstore.observation.VectorStoreObservationContext;

/**
 * A vector store of Spring AI whose documents are memories.
 *
 * <pre>{@code
 * VectorStore store = MemlaneVectorStore.builder(memory, Scope.user("ada")).build();
 * store.add(List.of(new Document("ada-1", "Ada plays the oboe", Map.of("topic", "music"))));
 * store.similaritySearch(SearchRequest.builder().query("instruments").filterExpression("topic == 'music'").build());
 * }</pre>
 *
 * <p>
 * <b>Documents.</b> A document is a memory under the key that is the document's id, in the store's scope; ids may have
 * any form, and up to 1,000 characters. Adding a document replaces the one with its id, and brings it back if it was
 * deleted. The memory embeds the text with its own embedder. Metadata are texts, numbers, booleans, and lists of those.
 * Dates become texts, as in Spring AI's own stores; so do enums, UUIDs, addresses and times of {@code java.time}.
 *
 * <p>
 * <b>Search.</b> A search finds all memories of the scope, whoever stored them. One without a key, or of a narrower
 * scope, has its memory's id as its document id, and can be deleted under it. A document's score is the cosine between
 * it and the query, and {@code distance} in its metadata is 1 minus the score. The similarity threshold is the least
 * cosine; 0 leaves out nothing. With {@link Builder#mode} set to {@link Mode#HYBRID}, words count too: the score is then
 * the one of {@link SearchHit}, and the distance is there if the cosine is known. The threshold is still a cosine.
 *
 * <p>
 * <b>Failures.</b> {@code add} and {@code delete} fail with a {@link DocumentWriteException} that names the documents
 * that were not written. A document that can't be stored at all, because its text is empty for example, is an
 * {@link InvalidInputException}, and then none of the call is stored.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class MemlaneVectorStore extends AbstractObservationVectorStore {

  private final MemoryOrchestrator orchestrator;
  private final BlockingMemory memory;
  private final Supplier<Scope> scopes;
  private final Mode mode;
  private final boolean purgesHistory;

  private MemlaneVectorStore(Builder builder) {
    super(builder);
    this.orchestrator = builder.memory;
    this.memory = builder.memory.blocking();
    this.scopes = builder.scopes;
    this.mode = builder.mode;
    this.purgesHistory = builder.purgesHistory;
  }

  /**
   * Begins to build a store in one scope.
   *
   * @param memory stays open; the caller closes it
   */
  public static Builder builder(MemoryOrchestrator memory, Scope scope) {
    Objects.requireNonNull(scope, "scope");
    return builder(memory, () -> scope);
  }

  /**
   * Begins to build a store whose scope depends on the caller, such as the user who is logged in.
   *
   * @param memory stays open; the caller closes it
   * @param scopes is asked once in each call of the store, in the calling thread
   */
  public static Builder builder(MemoryOrchestrator memory, Supplier<Scope> scopes) {
    return new Builder(memory, scopes);
  }

  @Override
  public void doAdd(List<Document> documents) {
    Scope scope = scopes.get();
    List<NewMemory> memories = documents.stream().map(document -> memory(document, scope)).toList();
    List<WriteOutcome> outcomes = memory.putMemories(memories);
    Map<String, WriteOutcome> failures = new LinkedHashMap<>();
    for (int i = 0; i < outcomes.size(); i++) {
      // Of documents with the same id, the last one counts.
      failures.remove(documents.get(i).getId());
      if (!outcomes.get(i).succeeded()) {
        failures.put(documents.get(i).getId(), outcomes.get(i));
      }
    }
    requireNone(failures, "stored", documents.size());
  }

  private static NewMemory memory(Document document, Scope scope) {
    try {
      return NewMemory.builder(Objects.requireNonNullElse(document.getText(), ""), scope).key(document.getId())
          .metadata(MetadataValues.metadata(document.getMetadata())).build();
    } catch (InvalidInputException e) {
      throw new InvalidInputException("document " + DocumentWriteException.quote(document.getId())
          + " can't be stored, and none of the call was: " + e.getMessage(), e);
    }
  }

  @Override
  public void doDelete(List<String> ids) {
    Scope scope = scopes.get();
    List<String> distinct = ids.stream().distinct().toList();
    Map<String, WriteOutcome> failures = new LinkedHashMap<>();
    List<String> unknown = delete(distinct, distinct.stream().map(id -> MemoryId.derive(scope, id)).toList(), failures);
    // A memory without a key, or of a narrower scope, was found under its own id.
    List<String> found = new ArrayList<>();
    List<MemoryId> foundIds = new ArrayList<>();
    for (String id : unknown) {
      MemoryId memoryId = memoryId(id);
      if (memoryId != null
          && memory.get(memoryId, Expired.INCLUDED).filter(m -> scope.matches(m.scope())).isPresent()) {
        found.add(id);
        foundIds.add(memoryId);
      }
    }
    delete(found, foundIds, failures);
    requireNone(failures, "deleted", distinct.size());
  }

  /** Deletes memories, and returns those documents that do not exist. */
  private List<String> delete(List<String> documents, List<MemoryId> ids, Map<String, WriteOutcome> failures) {
    List<WriteOutcome> outcomes = memory.deleteMemories(ids.stream().map(this::deletion).toList());
    List<String> unknown = new ArrayList<>();
    for (int i = 0; i < outcomes.size(); i++) {
      switch (outcomes.get(i)) {
        case WriteOutcome.NotFound notFound -> unknown.add(documents.get(i));
        case WriteOutcome.WasDeleted wasDeleted -> unknown.add(documents.get(i));
        case WriteOutcome outcome when outcome.succeeded() -> {
        }
        case WriteOutcome outcome -> failures.put(documents.get(i), outcome);
      }
    }
    return unknown;
  }

  private MemoryDeletion deletion(MemoryId id) {
    MemoryDeletion deletion = MemoryDeletion.of(id);
    return purgesHistory ? deletion.purgingHistory() : deletion;
  }

  private static @Nullable MemoryId memoryId(String id) {
    try {
      return MemoryId.parse(id);
    } catch (InvalidInputException e) {
      // A key that is no memory's id.
      return null;
    }
  }

  @Override
  protected void doDelete(Expression filterExpression) {
    DeleteReport report = memory.deleteAll(scopes.get(), FilterTranslator.translate(filterExpression), purgesHistory);
    if (report.failed() > 0) {
      Map<String, WriteOutcome> failures = new LinkedHashMap<>();
      report.failures().forEach(outcome -> failures.put(String.valueOf(failures.size() + 1), outcome));
      throw DocumentWriteException.of("deleted", failures,
          (int) Math.min(Integer.MAX_VALUE, report.deleted() + report.failed()));
    }
  }

  private static void requireNone(Map<String, WriteOutcome> failures, String what, int of) {
    if (!failures.isEmpty()) {
      throw DocumentWriteException.of(what, failures, of);
    }
  }

  @Override
  public List<Document> doSimilaritySearch(SearchRequest request) {
    if (request.getTopK() == 0) {
      return List.of();
    }
    Scope scope = scopes.get();
    Expression expression = request.getFilterExpression();
    Filter filter = expression == null ? null : FilterTranslator.translate(expression);
    double threshold = request.getSimilarityThreshold();
    return memory.search(dev.memlane.orchestrator.SearchRequest.builder(request.getQuery()).scope(scope)
        .limit(request.getTopK()).filter(filter).mode(mode)
        .minSimilarity(threshold > SearchRequest.SIMILARITY_THRESHOLD_ACCEPT_ALL ? threshold : -1)
        .include(Include.EXPLANATION).build()).stream().map(hit -> document(hit, scope)).toList();
  }

  private Document document(SearchHit hit, Scope scope) {
    Memory found = hit.memory();
    Map<String, Object> metadata = new HashMap<>(found.metadata().toMap());
    Double cosine = cosine(hit);
    if (cosine != null) {
      metadata.put(DocumentMetadata.DISTANCE.value(), 1 - cosine);
    }
    String key = found.key();
    return Document.builder().id(key != null && found.scope().equals(scope) ? key : found.id().toString())
        .text(found.content()).metadata(metadata).score(mode == Mode.SEMANTIC && cosine != null ? cosine : hit.score())
        .build();
  }

  private static @Nullable Double cosine(SearchHit hit) {
    Explanation explanation = hit.explanation();
    return explanation == null || explanation.semantic() == null ? null : explanation.semantic().score();
  }

  /** The {@link MemoryOrchestrator} in which the documents are. */
  @Override
  @SuppressWarnings("unchecked") // The caller names the type.
  public <T> Optional<T> getNativeClient() {
    return Optional.of((T) orchestrator);
  }

  @Override
  public VectorStoreObservationContext.Builder createObservationContextBuilder(String operationName) {
    return VectorStoreObservationContext.builder("memlane", operationName)
        .dimensions(orchestrator.embeddingDimension()).similarityMetric(VectorStoreSimilarityMetric.COSINE.value());
  }

  @Override
  public String toString() {
    return "MemlaneVectorStore[" + orchestrator + "]";
  }

  /**
   * The optional settings of a store. The embedding model and the batching strategy of the base class have no effect. Not
   * safe for use by several threads.
   */
  public static final class Builder extends AbstractVectorStoreBuilder<Builder> {

    private final MemoryOrchestrator memory;
    private final Supplier<Scope> scopes;
    private Mode mode = Mode.SEMANTIC;
    private boolean purgesHistory;

    private Builder(MemoryOrchestrator memory, Supplier<Scope> scopes) {
      super(new NoEmbeddingModel());
      this.memory = Objects.requireNonNull(memory, "memory");
      this.scopes = Objects.requireNonNull(scopes, "scopes");
    }

    /** Sets what counts in a search: meaning, the default, or words, or both. */
    public Builder mode(Mode mode) {
      this.mode = mode;
      return this;
    }

    /** Sets whether a deletion also purges the history, so that no store holds the text any more; by default it stays. */
    public Builder purgeHistory(boolean purgesHistory) {
      this.purgesHistory = purgesHistory;
      return this;
    }

    @Override
    public MemlaneVectorStore build() {
      return new MemlaneVectorStore(this);
    }
  }
}
