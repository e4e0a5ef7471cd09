package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The fixture of the tests of {@link VectorIndexContract}: an open index, and shorthands for its calls. */
abstract class VectorIndexTestCase {

  static final Scope ADA = Scope.user("ada");
  static final Scope BOB = Scope.user("bob");
  static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  VectorIndex index;

  private final Supplier<VectorIndex> open;
  private final Consumer<VectorIndex> close;
  private final int oneIn;

  VectorIndexTestCase(Supplier<VectorIndex> open, Consumer<VectorIndex> close, int oneIn) {
    this.open = open;
    this.close = close;
    this.oneIn = oneIn;
  }

  /** How many of so many steps this index takes; see {@link VectorIndexContract#oneIn()}. */
  int some(int steps) {
    return steps / oneIn;
  }

  @BeforeEach
  void openIndex() {
    index = open.get();
  }

  @AfterEach
  void closeIndex() {
    close.accept(index);
  }

  static Memory occurred(Memory memory, @Nullable Instant time) {
    return new Memory(memory.id(), memory.scope(), null, null, memory.content(), memory.metadata(), time,
        memory.createdAt(), memory.updatedAt(), null, 1, memory.op());
  }

  static List<DocumentName> flat(Map<MemoryId, Set<OperationId>> ops) {
    return ops.entrySet().stream()
        .flatMap(entry -> entry.getValue().stream().map(op -> new DocumentName(entry.getKey(), op))).toList();
  }

  void put(IndexDocument document) {
    assertThat(index.put(document, LATER).join()).isInstanceOf(Applied.class);
  }

  /** Puts documents at the same time. */
  void putAll(List<IndexDocument> documents) {
    List<CompletableFuture<StoreResult>> puts = documents.stream().map(document -> index.put(document, LATER)).toList();
    assertThat(puts).extracting(CompletableFuture::join).hasOnlyElementsOfType(Applied.class);
  }

  List<DocumentName> names() {
    return index.names(null, 100_000).join();
  }

  List<DocumentName> semantic(Embedding vector, @Nullable Scope scope, @Nullable Filter filter, int depth) {
    return search(vector, null, scope, filter, depth).semantic().stream().map(IndexHit::name).toList();
  }

  IndexHits search(@Nullable Embedding vector, @Nullable String text, @Nullable Scope scope,
      @Nullable Filter filter, int depth) {
    return index.search(new IndexQuery(vector, text, scope == null ? List.of() : List.of(scope), filter, depth, true))
        .join();
  }

  static DocumentName name(long memory, long op) {
    return new DocumentName(id(memory), op(op));
  }
}
