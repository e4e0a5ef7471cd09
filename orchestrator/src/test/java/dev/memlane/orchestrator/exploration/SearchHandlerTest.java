package dev.memlane.orchestrator.exploration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A search over simulated stores that change while it runs. */
class SearchHandlerTest {

  private static final Scope ADA = Scope.user("ada");
  private static final MemoryId ID = MemoryId.derive(ADA, "key");
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final BatchingEmbedder EMBEDDER = BatchingEmbedder.builder(new HashEmbedder()).build();

  private final SimulatedSearch search = new SimulatedSearch(Set.of(), EMBEDDER);

  @AfterAll
  static void close() {
    EMBEDDER.close();
  }

  private static OperationId op(int version) {
    return new OperationId(new UUID(0, version));
  }

  private static DocumentName document(int version) {
    return new DocumentName(ID, op(version));
  }

  private static CoreRow row(int version) {
    OperationId op = op(version);
    return new CoreRow(ID, CoreRow.State.LIVE, version, op, op.value(),
        new Memory(ID, ADA, "key", null, "text", Metadata.empty(), null, START, START, null, version, op),
        World.VECTOR);
  }

  @Test
  void rowThatChangesAtEveryRead_isFound() {
    assertThat(
        search.findsChanging(Set.of(document(1)), IntStream.range(2, 100).mapToObj(SearchHandlerTest::row).toList()))
        .isTrue();
  }

  @Test
  void documentOfAnUndoneWrite_withoutTheRowsDocument_findsTheMemory() {
    assertThat(search.finds(Set.of(document(2)), Set.of(document(2)), row(1))).isTrue();
  }

  @Test
  void documentsPutBetweenTheReads_areFound() {
    assertThat(search.finds(Set.of(document(1)), Set.of(document(1), document(2)), row(2))).isTrue();
    assertThat(search.finds(Set.of(document(1)), Set.of(document(2)), row(2))).isTrue();
  }

  @Test
  void noDocument_isNotFound() {
    assertThat(search.findsChanging(Set.of(), List.of(row(1)))).isFalse();
  }
}
