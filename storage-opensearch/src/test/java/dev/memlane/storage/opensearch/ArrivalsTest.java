package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.storage.opensearch.cluster.HttpFront;
import dev.memlane.testing.TestMemories;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The arrivals of an index that two processes share; each has an index object of its own here. */
@Tag("programs")
class ArrivalsTest {

  private static final String INDEX = "arrivals";
  private static final Scope ADA = Scope.user("ada");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  private OpenSearchIndex one;
  private OpenSearchIndex other;

  @BeforeEach
  void open() {
    RawCluster.delete(INDEX);
    one = open(RawCluster.shared());
    other = open(RawCluster.shared());
  }

  @AfterEach
  void close() {
    one.close();
    other.close();
  }

  private static OpenSearchIndex open(String host) {
    return OpenSearchIndex.builder(host).index(INDEX).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION)
        .shards(3).replicas(0).open();
  }

  private static void put(OpenSearchIndex index, int number) {
    assertThat(index.put(document(number, ADA, "memory " + number), LATER).join()).isInstanceOf(Applied.class);
  }

  private static DocumentName name(int number) {
    return new DocumentName(id(number), op(number));
  }

  private static List<DocumentName> read(OpenSearchIndex index, @Nullable String after, String until, int limit) {
    List<DocumentName> all = new ArrayList<>();
    String at = after;
    Arrivals page;
    do {
      page = index.arrivals(at, until, limit).join();
      assertThat(page.documents()).hasSizeLessThanOrEqualTo(limit);
      all.addAll(page.documents());
      at = page.next();
    } while (page.more());
    return all;
  }

  @Test
  void arrivals_pageByPage_areAllPutsOfBothProcesses() {
    for (int i = 0; i < 60; i++) {
      put(i % 2 == 0 ? one : other, i);
    }
    String end = other.end().join();
    List<DocumentName> expected = IntStream.range(0, 60).mapToObj(ArrivalsTest::name).toList();

    for (int limit : new int[]{1, 7, 1_000}) {
      assertThat(read(one, null, end, limit)).containsExactlyInAnyOrderElementsOf(expected);
    }
    assertThat(read(one, end, end, 10)).isEmpty();
  }

  @Test
  void arrivals_afterAPosition_areThoseThatCameSince_andStillThere() {
    put(one, 1);
    put(one, 2);
    String position = one.end().join();
    put(other, 3);
    put(other, 4);
    one.removeAll(id(4)).join();
    one.removeAll(id(1)).join();
    put(other, 2);

    assertThat(read(one, position, one.end().join(), 1)).containsExactlyInAnyOrder(name(2), name(3));
  }

  @Test
  void arrivals_ofAnEmptyIndex_areNone() {
    String end = one.end().join();

    assertThat(one.arrivals(null, end, 10).join()).isEqualTo(new Arrivals(List.of(), end, false));
  }

  @Test
  void arrivals_ofAPutThatWasHeldUp_areWhereItCame() throws Exception {
    try (HttpFront front = new HttpFront(RawCluster.shared()); OpenSearchIndex slow = open(front.address())) {
      front.holdWrites();
      CompletableFuture<StoreResult> late = slow.put(document(1, ADA, "late"), Instant.now().plusMillis(300));
      assertThat(late.join()).isInstanceOf(InDoubt.class);
      put(one, 2);
      String position = one.end().join();
      assertThat(read(one, null, position, 10)).containsExactly(name(2));

      // Long after its process has given it up.
      front.releaseWrites();
      front.awaitAnswered(1);

      assertThat(read(one, position, one.end().join(), 10)).containsExactly(name(1));
    }
  }

  @Test
  void arrivals_whileBothProcessesWrite_missNothing() {
    AtomicBoolean done = new AtomicBoolean();
    List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
    CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
      Random random = new Random(5);
      List<CompletableFuture<StoreResult>> some = new ArrayList<>();
      for (int i = 0; i < 1_500; i++) {
        some.add((random.nextBoolean() ? one : other).put(document(i, ADA, "memory " + i), LATER));
        if (random.nextInt(40) == 0) {
          CompletableFuture.allOf(some.toArray(CompletableFuture[]::new)).join();
        }
      }
      puts.addAll(some);
      CompletableFuture.allOf(some.toArray(CompletableFuture[]::new)).join();
      done.set(true);
    });
    Set<DocumentName> seen = new HashSet<>();
    String position = null;
    boolean last;
    do {
      last = done.get();
      String end = one.end().join();
      seen.addAll(read(one, position, end, 100));
      position = end;
    } while (!last);
    writer.join();

    assertThat(puts).allSatisfy(put -> assertThat(put.join()).isInstanceOf(Applied.class));
    assertThat(seen)
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 1_500).mapToObj(ArrivalsTest::name).toList());
  }

  @Test
  void arrivals_ofAnIndexMadeAnew_expire() {
    put(one, 1);
    String position = one.end().join();
    other.clear().join();
    put(other, 2);
    String end = one.end().join();

    assertThatThrownBy(() -> one.arrivals(position, end, 10).join()).hasCauseInstanceOf(ExpiredCursorException.class);
    assertThatThrownBy(() -> one.arrivals(null, position, 10).join()).hasCauseInstanceOf(ExpiredCursorException.class);
    assertThat(read(one, null, end, 10)).containsExactly(name(2));
    put(one, 3);
    assertThat(other.names(null, 10).join()).containsExactly(name(2), name(3));
  }

  @Test
  void arrivals_afterWhatIsNoPosition_areRefused() {
    String end = one.end().join();

    assertThatThrownBy(() -> one.arrivals("7", end, 10)).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> one.arrivals(end, end, 0)).isInstanceOf(InvalidInputException.class);
  }

  @Test
  void writesOfAnotherProcess_areSeenByLists_andRemoved() {
    put(one, 1);
    assertThat(other.names(List.of(id(1))).join()).containsExactly(name(1));
    other.removeAll(id(1)).join();

    assertThat(one.names(null, 10).join()).isEmpty();
  }
}
