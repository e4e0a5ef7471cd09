package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.changed;
import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes of an index. */
abstract class IndexWriteContract extends VectorIndexTestCase {

  private static final Instant LONG_AGO = Instant.parse("2000-01-01T00:00:00Z");

  IndexWriteContract(Supplier<VectorIndex> open, Consumer<VectorIndex> close, int oneIn) {
    super(open, close, oneIn);
  }

  @Test
  void put_returnsTheReceiptOfItsVersion() {
    Memory second = changed(memory(1, ADA, "Ada plays the oboe"), op(2), "Ada plays the bassoon");

    assertThat(index.put(document(second), LATER).join())
        .isEqualTo(new Applied(new Receipt(StoreKind.VECTOR, second.id(), second.op(), 2)));
  }

  @Test
  void put_twice_leavesOneDocument() {
    put(document(1, ADA, "Ada plays the oboe"));
    put(document(1, ADA, "Ada plays the oboe"));

    assertThat(names()).containsExactly(name(1, 1));
    assertThat(semantic(embedding("oboe"), null, null, 10)).containsExactly(name(1, 1));
    assertThat(index.summary().documents()).isEqualTo(1);
  }

  @Test
  void put_ofAnotherOperation_keepsTheFirst() {
    Memory first = memory(1, ADA, "Ada plays the oboe");
    Memory second = changed(first, op(2), "Ada plays the bassoon");
    put(document(first));
    put(document(second));

    assertThat(names()).containsExactly(name(1, 1), name(1, 2));
    List<IndexHit> hits = search(null, "oboe bassoon", null, null, 10).lexical();
    assertThat(hits).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(1, 2));
    assertThat(hits).extracting(IndexHit::contentHash)
        .containsExactlyInAnyOrder(first.contentHash(), second.contentHash());
  }

  @Test
  void put_afterTheDeadline_isWithdrawn() {
    assertThat(index.put(document(1, ADA, "Ada plays the oboe"), LONG_AGO).join()).isInstanceOf(NotApplied.class);

    assertThat(names()).isEmpty();
  }

  @Test
  void put_ofAnotherModelOrDimension_isNotApplied() {
    Memory memory = memory(1, ADA, "Ada plays the oboe");
    Embedding otherModel = embedding("other", TestMemories.DIMENSION, new Random(1));
    Embedding otherDimension = embedding(TestMemories.MODEL, TestMemories.DIMENSION + 1, new Random(1));

    for (Embedding other : List.of(otherModel, otherDimension)) {
      StoreResult result = index.put(new IndexDocument(memory, other), LATER).join();
      assertThat(result).isInstanceOfSatisfying(NotApplied.class, notApplied -> assertThat(notApplied.cause())
          .isInstanceOf(StoreException.class).hasMessageContaining(TestMemories.MODEL)
          .hasMessageContaining(other.model()).hasMessageContaining(Integer.toString(other.dimension())));
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void check_ofAnOpenIndex_isApplied() {
    assertThat(index.check(name(1, 1), LATER).join()).isInstanceOfSatisfying(Applied.class, applied -> {
      assertThat(applied.receipt().store()).isEqualTo(StoreKind.VECTOR);
      assertThat(applied.receipt().memory()).isEqualTo(id(1));
      assertThat(applied.receipt().op()).isEqualTo(op(1));
    });
    assertThat(index.check(name(1, 1), LONG_AGO).join()).isInstanceOf(NotApplied.class);
    assertThat(names()).isEmpty();
  }

  @Test
  void retain_removesTheMemorysOtherDocumentsOnly() {
    Memory first = memory(1, ADA, "one");
    put(document(first));
    put(document(changed(first, op(2), "two")));
    put(document(changed(first, op(3), "three")));
    put(document(4, ADA, "four"));

    index.retain(name(1, 2)).join();

    assertThat(names()).containsExactly(name(1, 2), name(4, 4));
  }

  @Test
  void retain_ofAnAbsentDocument_leavesNone() {
    put(document(1, ADA, "one"));

    index.retain(name(1, 2)).join();

    assertThat(names()).isEmpty();
  }

  @Test
  void remove_removesThisDocumentOnly() {
    Memory first = memory(1, ADA, "one");
    put(document(first));
    put(document(changed(first, op(2), "two")));

    index.remove(name(1, 2)).join();
    index.remove(name(1, 3)).join();

    assertThat(names()).containsExactly(name(1, 1));
    assertThat(search(null, "two", null, null, 10).lexical()).isEmpty();
  }

  @Test
  void removeAll_removesAllDocumentsOfTheMemory() {
    Memory first = memory(1, ADA, "one");
    put(document(first));
    put(document(changed(first, op(2), "two")));
    put(document(3, ADA, "three"));

    index.removeAll(id(1)).join();

    assertThat(names()).containsExactly(name(3, 3));
  }

  @Test
  void clear_removesEveryDocument_andAcceptsNewOnes() {
    for (int i = 0; i < 20; i++) {
      put(document(i, ADA, "memory " + i));
    }

    index.clear().join();
    put(document(7, ADA, "seven again"));

    assertThat(names()).containsExactly(name(7, 7));
    assertThat(index.summary().documents()).isEqualTo(1);
  }

  @Test
  void clear_amongPendingPuts_removesTheEarlierOnesOnly() {
    List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      puts.add(index.put(document(i, ADA, "memory " + i), LATER));
    }
    CompletableFuture<Void> clear = index.clear();
    for (int i = 100; i < 200; i++) {
      puts.add(index.put(document(i, ADA, "memory " + i), LATER));
    }
    clear.join();
    puts.forEach(put -> assertThat(put.join()).isInstanceOf(Applied.class));

    assertThat(names()).extracting(DocumentName::memory)
        .containsExactlyElementsOf(IntStream.range(100, 200).mapToObj(TestMemories::id).toList());
  }

  @Test
  void writesOfOneMemory_areAppliedInTheOrderRequested() {
    Memory memory = memory(1, ADA, "version 0");
    List<CompletableFuture<?>> writes = new ArrayList<>();
    int last = some(300);
    for (int i = 1; i <= last; i++) {
      Memory next = changed(memory, op(i), "version " + i);
      writes.add(index.put(document(next), LATER));
      writes.add(switch (i % 3) {
        case 0 -> index.retain(name(1, i));
        case 1 -> index.remove(name(1, i));
        default -> index.removeAll(id(1));
      });
    }
    writes.add(index.put(document(changed(memory, op(last + 1), "last")), LATER));
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();

    assertThat(names()).containsExactly(name(1, last), name(1, last + 1));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void randomWrites_leaveTheDocumentsThatTheirOrderImplies(long seed) {
    Random random = new Random(seed);
    Map<MemoryId, Set<OperationId>> expected = new TreeMap<>();
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < some(3_000); i++) {
      MemoryId memory = id(random.nextInt(40));
      Set<OperationId> ops = expected.computeIfAbsent(memory, key -> new HashSet<>());
      DocumentName name = new DocumentName(memory, op(random.nextInt(4)));
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4 -> {
          ops.retainAll(Set.of(name.op()));
          writes.add(index.retain(name));
        }
        case 5, 6, 7 -> {
          ops.remove(name.op());
          writes.add(index.remove(name));
        }
        case 8 -> {
          ops.clear();
          writes.add(index.removeAll(memory));
        }
        default -> {
          ops.add(name.op());
          writes.add(index.put(document(memory(memory, name.op(), ADA, "text " + i, Metadata.empty())), LATER));
        }
      }
      if (random.nextInt(1_000) == 0) {
        expected.clear();
        writes.add(index.clear());
      }
      if (random.nextInt(50) == 0) {
        writes.add(index.commit());
      }
      if (random.nextInt(30) == 0) {
        CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
        assertThat(names()).as("seed %d, after %d writes", seed, i).containsExactlyInAnyOrderElementsOf(flat(expected));
      }
    }
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
    assertThat(names()).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(flat(expected));
  }

  @Test
  void puts_fromEightThreads_areAllFound() throws InterruptedException {
    int threads = 8;
    int each = some(500);
    List<Thread> writers = new ArrayList<>();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch start = new CountDownLatch(1);
    for (int t = 0; t < threads; t++) {
      int first = t * each;
      writers.add(Thread.ofPlatform().uncaughtExceptionHandler((thread, failure) -> failures.add(failure))
          .start(() -> {
            await(start);
            for (int i = first; i < first + each; i++) {
              put(document(i, ADA, "memory number" + i));
            }
          }));
    }
    start.countDown();
    for (Thread writer : writers) {
      writer.join();
    }

    assertThat(failures).isEmpty();
    assertThat(names()).hasSize(threads * each);
    assertThat(index.summary().documents()).isEqualTo((long) threads * each);
    assertThat(search(embedding("x"), null, ADA, null, threads * each).semantic()).hasSize(threads * each)
        .extracting(IndexHit::name).doesNotHaveDuplicates();
    for (int i = 0; i < threads * each; i += 97) {
      assertThat(search(null, "number" + i, null, null, 2).lexical()).extracting(IndexHit::name)
          .containsExactly(name(i, i));
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this test", e);
    }
  }
}
