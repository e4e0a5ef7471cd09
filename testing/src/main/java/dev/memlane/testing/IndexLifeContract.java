package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.changed;
import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of documents, commits, expunging, and the end of an index. */
abstract class IndexLifeContract extends VectorIndexTestCase {

  IndexLifeContract(Supplier<VectorIndex> open, Consumer<VectorIndex> close, int oneIn) {
    super(open, close, oneIn);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void names_pageByPage_listEveryDocumentInOrderAndNoMemoryTwice(long seed) {
    Random random = new Random(seed);
    Map<MemoryId, Set<OperationId>> expected = new TreeMap<>();
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < some(800); i++) {
      MemoryId memory = TestMemories.id(random);
      Set<OperationId> ops = expected.computeIfAbsent(memory, key -> new HashSet<>());
      for (int o = random.nextInt(1, 5); o > 0; o--) {
        OperationId op = op(random.nextInt(1_000_000));
        ops.add(op);
        writes.add(index.put(document(memory(memory, op, ADA, "text " + i, Metadata.empty())), LATER));
      }
      if (random.nextInt(3) == 0) {
        OperationId gone = ops.iterator().next();
        ops.remove(gone);
        writes.add(index.remove(new DocumentName(memory, gone)));
      }
      if (i % 100 == 0) {
        // Spreads the documents over several segments, if the index has segments.
        CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
        assertThat(index.names(null, 1).join()).hasSizeLessThan(6);
      }
    }
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
    List<DocumentName> all = flat(expected);

    for (int limit : List.of(1, 7, 100, 10_000)) {
      List<DocumentName> listed = new ArrayList<>();
      MemoryId after = null;
      while (true) {
        List<DocumentName> page = index.names(after, limit).join();
        if (page.isEmpty()) {
          break;
        }
        MemoryId last = page.getLast().memory();
        assertThat(page.stream().filter(name -> !name.memory().equals(last)).count()).as("seed %d", seed)
            .isLessThan(limit);
        listed.addAll(page);
        after = last;
      }
      assertThat(listed).as("seed %d, limit %d", seed, limit).hasSameSizeAs(all)
          .containsExactlyInAnyOrderElementsOf(all)
          .isSortedAccordingTo(Comparator.comparing(DocumentName::memory));
    }
  }

  @Test
  void names_afterAnAbsentMemory_beginWithTheNext() {
    put(document(1, ADA, "one"));
    put(document(3, ADA, "three"));

    assertThat(index.names(id(0), 10).join()).containsExactly(name(1, 1), name(3, 3));
    assertThat(index.names(id(2), 10).join()).containsExactly(name(3, 3));
    assertThat(index.names(id(3), 10).join()).isEmpty();
  }

  @Test
  void names_ofSomeMemories_areAllOfTheirDocuments() {
    put(document(1, ADA, "one"));
    put(document(2, ADA, "two"));
    put(document(3, ADA, "three"));
    index.put(document(memory(id(3), op(33), ADA, "three anew", Metadata.empty())), LATER).join();
    index.remove(name(2, 2)).join();

    assertThat(index.names(List.of(id(3), id(2), id(0))).join()).containsExactlyInAnyOrder(name(3, 3), name(3, 33));
    assertThat(index.names(List.of()).join()).isEmpty();
  }

  @Test
  void commit_afterWrites_completes() {
    put(document(1, ADA, "one"));

    index.commit().join();
    index.commit().join();

    assertThat(names()).containsExactly(name(1, 1));
  }

  @Test
  void expunge_ofRemovedDocuments_keepsTheOthersAndHoldsNothingOfThem() {
    for (int i = 0; i < 40; i++) {
      put(document(i, ADA, "memory " + i));
    }
    index.commit().join();
    assertThat(index.holdsRemoved(List.of(id(1), id(2))).join()).isFalse();
    index.removeAll(id(1)).join();
    put(document(changed(memory(2, ADA, "memory 2"), op(102), "changed")));
    index.retain(name(2, 102)).join();
    assertThat(index.holdsRemoved(List.of(id(7), id(1))).join()).isTrue();
    assertThat(index.holdsRemoved(List.of(id(2))).join()).isTrue();
    assertThat(index.holdsRemoved(List.of(id(7))).join()).isFalse();

    index.expunge().join();
    index.expunge().join();

    assertThat(index.holdsRemoved(IntStream.range(0, 40).mapToObj(TestMemories::id).toList()).join()).isFalse();
    assertThat(names()).hasSize(39).contains(name(2, 102)).doesNotContain(name(1, 1), name(2, 2));
    assertThat(index.search(new IndexQuery(null, "memory", List.of(ADA), null, 100, false)).join().lexical())
        .hasSize(38);
  }

  @Test
  void summary_namesModelDimensionAndDocuments() {
    put(document(1, ADA, "one"));
    put(document(2, ADA, "two"));
    index.remove(name(2, 2)).join();
    index.commit().join();

    IndexSummary summary = index.summary();

    assertThat(summary.model()).isEqualTo(TestMemories.MODEL);
    assertThat(summary.dimension()).isEqualTo(TestMemories.DIMENSION);
    assertThat(summary.documents()).isEqualTo(1);
    assertThat(summary.bytes()).isPositive();
  }

  @Test
  void closedIndex_refusesEverythingClearly() {
    index.close();
    index.close();

    assertThat(index.put(document(1, ADA, "one"), LATER).join()).isInstanceOf(NotApplied.class);
    assertThat(index.check(name(1, 1), LATER).join()).isInstanceOf(NotApplied.class);
    for (CompletableFuture<?> refused : List.of(index.retain(name(1, 1)), index.remove(name(1, 1)),
        index.removeAll(id(1)), index.clear(), index.commit(), index.expunge(),
        index.holdsRemoved(List.of(id(1))), index.names(null, 1),
        index.search(new IndexQuery(embedding("x"), null, List.of(), null, 1, false)))) {
      assertThatThrownBy(refused::join).hasCauseInstanceOf(StoreException.class).hasMessageContaining("closed");
    }
  }
}
