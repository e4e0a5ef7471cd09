package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests of a memory in one directory, from its first opening to its last. */
@Tag("slow")
class MemlaneTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path directory;

  @Test
  void open_again_keepsEverything() {
    Memory added;
    try (Memlane memlane = hashed().open()) {
      added = memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    }
    try (Memlane memlane = hashed().open()) {
      assertThat(memlane.blocking().search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
          .containsExactly(added);
      assertThat(memlane.blocking().verify(false).isClean()).isTrue();
    }
  }

  @Test
  void open_whileOpen_isRefusedWithTheOwner() {
    try (Memlane memlane = hashed().open()) {
      assertThat(memlane.directory()).exists();
      assertThatThrownBy(() -> hashed().open()).isInstanceOf(DirectoryInUseException.class)
          .hasMessageContaining(directory.getFileName().toString());
    }
  }

  @Test
  void open_anotherModel_isRefusedUntilReindexed() {
    Memory added;
    try (Memlane memlane = hashed().open()) {
      added = memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    }
    Memlane.Builder other = Memlane.builder(directory).embedder(new HashEmbedder(64));
    assertThatThrownBy(other::open).isInstanceOf(StoreException.class).hasMessageContaining("memlane reindex");

    List<Long> progress = new ArrayList<>();
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder(64)).rebuildIndex(true)
        .progress((done, total) -> progress.add(done)).open()) {
      assertThat(memlane.blocking().search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
          .containsExactly(added);
      assertThat(memlane.blocking().verify(false).isClean()).isTrue();
    }
    assertThat(progress).last().isEqualTo(1L);
  }

  @Test
  void open_modelThatIsNotThere_saysWhatToAdd_andReleasesTheDirectory() {
    assertThatThrownBy(() -> Memlane.builder(directory).model(LocalModel.E5_SMALL_V2).open())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("dev.memlane:memlane-embedding-e5");
    try (Memlane memlane = hashed().open()) {
      assertThat(memlane.directory()).exists();
    }
  }

  @Test
  void open_damagedIndex_isRefusedUntilRebuilt() throws Exception {
    Memory added;
    try (Memlane memlane = hashed().open()) {
      added = memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    }
    try (var files = Files.list(directory.resolve("vectors"))) {
      for (Path file : files.filter(each -> each.getFileName().toString().startsWith("segments_")).toList()) {
        Files.writeString(file, "damaged");
      }
    }
    assertThatThrownBy(() -> hashed().open()).isInstanceOf(StoreException.class)
        .hasMessageContaining("memlane reindex");

    try (Memlane memlane = hashed().rebuildIndex(true).open()) {
      assertThat(memlane.blocking().search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
          .containsExactly(added);
    }
  }

  @Test
  void open_otherServer_keepsOnlyTheIndexInTheDirectory() {
    String jdbcUrl = TestServer.freshDatabase();
    try (Memlane memlane = hashed().postgres(jdbcUrl, null, null).open()) {
      memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
      assertThat(memlane.blocking().count(ADA, null)).isEqualTo(1);
    }
    assertThat(directory.resolve("postgres")).doesNotExist();
    assertThat(directory.resolve("vectors")).exists();
  }

  @Test
  void open_unusableServer_failsAndReleasesTheDirectory() {
    assertThatThrownBy(() -> hashed().postgres("jdbc:postgresql://127.0.0.1:1/none", "x", "y").open())
        .isInstanceOf(StoreException.class).hasMessageContaining("cannot be reached");
    String jdbcUrl = TestServer.freshDatabase();
    assertThatThrownBy(() -> hashed().postgres(jdbcUrl.replaceAll("/test_[0-9a-f]+", "/nonesuch"), null, null).open())
        .isInstanceOf(StoreException.class).hasMessageContaining("no such database");
    try (Memlane memlane = hashed().postgres(jdbcUrl, null, null).open()) {
      assertThat(memlane.blocking().count(null, null)).isZero();
    }
  }

  @Test
  void open_localModel_loadsItInTheBackground() {
    try (Memlane memlane = Memlane.builder(directory).postgres(TestServer.freshDatabase(), null, null).open()) {
      assertThat(modelThreads()).isNotEmpty();
      assertThat(memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA)).version()).isEqualTo(1);
    }
    assertThat(modelThreads()).isEmpty();
  }

  @Test
  void open_otherEmbedderOrNoWarmUp_loadsNoModel() {
    String database = TestServer.freshDatabase();
    try (Memlane memlane = hashed().postgres(database, null, null).open()) {
      assertThat(modelThreads()).as(memlane.toString()).isEmpty();
    }
    try (Memlane memlane = Memlane.builder(directory).postgres(database, null, null).rebuildIndex(true)
        .settings(settings -> settings.embedder(new HashEmbedder())).open()) {
      assertThat(modelThreads()).as(memlane.toString()).isEmpty();
    }
    try (Memlane memlane = Memlane.builder(directory).postgres(database, null, null).rebuildIndex(true).warmUp(false)
        .open()) {
      assertThat(modelThreads()).as(memlane.toString()).isEmpty();
    }
  }

  static Stream<Supplier<Throwable>> failures() {
    return Stream.of(() -> new IllegalStateException("injected"), () -> new LinkageError("injected"));
  }

  /** Opening fails before or after the server is started. */
  @ParameterizedTest
  @MethodSource("failures")
  void open_fails_closesEverythingButTheEmbedder(Supplier<Throwable> failure) throws IOException {
    Throwable injected = failure.get();
    AtomicInteger closed = new AtomicInteger();
    AtomicBoolean failing = new AtomicBoolean();
    Embedder embedder = embedder(closed, () -> failing.get() ? injected : null);

    assertThat(catchThrowable(() -> Memlane.builder(directory).embedder(embedder).settings(settings -> {
      throw unchecked(injected);
    }).open())).isSameAs(injected);
    failing.set(true);
    assertThat(catchThrowable(() -> Memlane.builder(directory).embedder(embedder).open())).isSameAs(injected);

    assertThat(closed).hasValue(0);
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName()))).contains("PG_VERSION")
          .doesNotContain("postmaster.pid");
    }
    failing.set(false);
    Memlane.builder(directory).embedder(embedder).open().close();
    assertThat(closed).hasValue(1);
  }

  private static RuntimeException unchecked(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) failure;
  }

  /** An embedder that counts how often it is closed, and fails when it is asked for its model. */
  private static Embedder embedder(AtomicInteger closed, Supplier<@Nullable Throwable> failure) {
    HashEmbedder hash = new HashEmbedder();
    return new Embedder() {
      @Override
      public CompletableFuture<List<float[]>> embed(List<String> texts) {
        return hash.embed(texts);
      }

      @Override
      public String model() {
        Throwable injected = failure.get();
        if (injected != null) {
          throw unchecked(injected);
        }
        return hash.model();
      }

      @Override
      public int dimension() {
        return hash.dimension();
      }

      @Override
      public Limits limits() {
        return hash.limits();
      }

      @Override
      public void close() {
        closed.incrementAndGet();
      }
    };
  }

  private static List<String> modelThreads() {
    return Thread.getAllStackTraces().keySet().stream().filter(Thread::isAlive).map(Thread::getName)
        .filter(name -> name.startsWith("memlane-sentence-model")).toList();
  }

  private Memlane.Builder hashed() {
    return Memlane.builder(directory).embedder(new HashEmbedder());
  }
}
