package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A memory is found while it is updated, in the process that updates it and in others, on real stores. */
@Tag("programs")
class FoundWhileUpdatedTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private String jdbcUrl;
  private TestMemory test;
  private Memory oboe;

  @BeforeEach
  void open() {
    jdbcUrl = TestMemory.freshDatabase();
    test = TestMemory.open(jdbcUrl, folder.resolve("one"));
    test.blocking.addMemory(NewMemory.of("Bob wants to buy an oboe some day", ADA));
    oboe = test.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).metadata("topic", "music").build());
  }

  @AfterEach
  void close() {
    test.heal();
    test.close();
  }

  private static SearchRequest.Builder asking(String words, SearchRequest.Mode mode) {
    return SearchRequest.builder(words).scope(ADA).mode(mode).limit(1);
  }

  private static List<String> contents(List<SearchHit> hits) {
    return hits.stream().map(hit -> hit.memory().content()).toList();
  }

  /** The hits of a search that reads the index before a change and the rows after it. */
  private List<String> searchAround(SearchRequest.Builder request, MemoryUpdate change) {
    CompletableFuture<Void> changed = new CompletableFuture<>();
    int before = test.core.calls("find");
    test.core.holding("find", changed);
    CompletableFuture<List<SearchHit>> search = test.memory.search(request.build());
    Until.isTrue("the index has been searched", () -> test.core.calls("find") > before);
    test.blocking.updateMemory(change);
    test.core.heal();
    changed.complete(null);
    return contents(Futures.await(search));
  }

  @Test
  void search_whileTheContentChanges_findsTheNewState() {
    String now = "Ada plays the oboe, the oboe";
    for (SearchRequest.Mode mode : SearchRequest.Mode.values()) {
      now += " d'amore";
      assertThat(searchAround(asking("Ada plays the oboe", mode), MemoryUpdate.content(oboe.id(), now))).as("%s", mode)
          .containsExactly(now);
    }
  }

  @Test
  void search_whileTheContentChangesToSomethingElse_doesNotFindItByWhatItSaid() {
    assertThat(searchAround(asking("plays", SearchRequest.Mode.LEXICAL),
        MemoryUpdate.content(oboe.id(), "Ada has given up music"))).isEmpty();
  }

  @Test
  void search_whileTheMetadataChange_findsItIfItStillPasses() {
    Filter music = Filter.equal("topic", "music");
    assertThat(searchAround(asking("oboe", SearchRequest.Mode.LEXICAL).filter(music),
        MemoryUpdate.metadata(oboe.id(), Metadata.of(Map.of("topic", "music", "level", 3)))))
        .containsExactly(oboe.content());
    assertThat(searchAround(asking("oboe", SearchRequest.Mode.LEXICAL).filter(music),
        MemoryUpdate.metadata(oboe.id(), Metadata.of("topic", "work")))).isEmpty();
  }

  @Test
  void search_whileAnUpdateHasNotLanded_findsTheMemoryByWhatItSays_andByNothingElse() {
    CompletableFuture<Void> landing = new CompletableFuture<>();
    test.core.holding("write", landing);
    CompletableFuture<?> put = test.index.nextAnswer("put");
    CompletableFuture<Memory> update = test.memory
        .updateMemory(MemoryUpdate.content(oboe.id(), "Ada learns the bassoon"));
    put.join();

    assertThat(contents(test.blocking.search(asking("bassoon", SearchRequest.Mode.LEXICAL).build()))).isEmpty();
    assertThat(contents(test.blocking.search(asking("Ada plays", SearchRequest.Mode.LEXICAL).build())))
        .containsExactly(oboe.content());

    test.core.heal();
    landing.complete(null);
    Futures.await(update);
    assertThat(contents(test.blocking.search(asking("bassoon", SearchRequest.Mode.LEXICAL).build())))
        .containsExactly("Ada learns the bassoon");
  }

  @Test
  void search_inAProcessThatHasNotFollowedYet_findsTheMemoryAsCoreHasIt() {
    TestMemory other = TestMemory.open(jdbcUrl, folder.resolve("other"),
        TestMemory.settings(Duration.ofHours(1), scope -> false), InstantSource.system());
    try {
      for (SearchRequest.Mode mode : SearchRequest.Mode.values()) {
        String now = "Ada plays the oboe, says " + mode;
        test.blocking.updateMemory(MemoryUpdate.content(oboe.id(), now));

        assertThat(contents(other.blocking.search(asking("Ada plays the oboe", mode).build()))).as("%s", mode)
            .containsExactly(now);
      }
    } finally {
      other.close();
    }
  }
}
