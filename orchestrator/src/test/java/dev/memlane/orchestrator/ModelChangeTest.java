package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.orchestrator.ModelChange.Stage;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.storage.conversation.PostgresConversationStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A change of the embedding model while the memory serves calls. */
@Tag("programs")
class ModelChangeTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private String jdbcUrl;

  @BeforeEach
  void createDatabase() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void change_failsNoCall_andHidesNothing_underLoad(boolean shared) throws Exception {
    Recording before = new Recording(64);
    Recording after = new Recording(48);
    try (OneLuceneIndex first = new OneLuceneIndex(folder.resolve("shared-a"));
        OneLuceneIndex second = new OneLuceneIndex(folder.resolve("shared-b"));
        MemoryOrchestrator memory = shared
            ? builder(before).followEvery(Duration.ofMillis(50)).sharedIndex(first).open()
            : local(before).open()) {
      memory.addMemories(facts(400)).join();
      Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
      AtomicBoolean ended = new AtomicBoolean();
      AtomicInteger rounds = new AtomicInteger();
      List<Thread> callers = IntStream.range(0, 4).mapToObj(caller -> Thread.ofVirtual().start(() -> {
        for (int round = 0; !ended.get(); round++) {
          try {
            call(memory, "caller" + caller + "x" + round);
            rounds.incrementAndGet();
          } catch (Throwable e) {
            failures.add(e);
            return;
          }
        }
      })).toList();
      await().until(() -> rounds.get() > 20 || !failures.isEmpty());

      ModelChangeRequest request = ModelChangeRequest.to(after);
      memory.changeModel(shared ? request.sharedIndex(second) : request).completion().join();
      int atTheChange = rounds.get();
      await().until(() -> rounds.get() > atTheChange + 20 || !failures.isEmpty());
      ended.set(true);
      for (Thread caller : callers) {
        caller.join();
      }

      assertThat(failures).isEmpty();
      assertThat(memory.embeddingModel()).isEqualTo(after.model());
      assertThat(before.closed).isTrue();
      assertThat(after.closed).isFalse();
      assertThat(before.questions).isNotEmpty();
      assertThat(after.questions).isNotEmpty().doesNotContainAnyElementsOf(before.questions);
      assertThat(memory.verify(false).join().isClean()).isTrue();
      assertThat(memory.count(ADA, null).join()).isEqualTo(400 + rounds.get());
      assertThat(hits(memory, "fact 17")).contains("fact 17");
    }
    assertThat(after.closed).isTrue();
    if (!shared) {
      assertThat(indexes()).containsExactly("vectors-other-model");
    }
  }

  /** Adds, searches, updates, searches, and adds and deletes another one; each search has to find what was written. */
  private static void call(MemoryOrchestrator memory, String word) {
    Memory added = memory.blocking().addMemory(NewMemory.of("the " + word + " is blue", ADA));
    if (!hits(memory, "Is the " + word + " blue").contains(added.content())) {
      throw new AssertionError("an added memory was not found: " + word);
    }
    memory.updateMemory(MemoryUpdate.content(added.id(), "the " + word + " became green")).join();
    if (!hits(memory, "Became the " + word + " green").contains("the " + word + " became green")) {
      throw new AssertionError("an updated memory was not found: " + word);
    }
    Memory gone = memory.blocking().addMemory(NewMemory.of("the " + word + " vanishes", ADA));
    memory.deleteMemory(MemoryDeletion.of(gone.id())).join();
    if (hits(memory, "The vanishing " + word).contains(gone.content())) {
      throw new AssertionError("a deleted memory was found: " + word);
    }
  }

  @Test
  void change_thatIsCancelled_leavesTheOldModel_andKeepsItsVectors() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    Recording after = new Recording(48);
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(1_200)).join();
      ModelChange change = memory
          .changeModel(ModelChangeRequest.to(after).textsPerSecond(500).progress((done, total) -> {
            if (done >= 500) {
              reached.countDown();
            }
          }));
      reached.await();
      change.cancel();

      assertThatThrownBy(() -> change.completion().get()).hasCauseInstanceOf(CancellationException.class)
          .hasMessageContaining(after.model());
      assertThat(change.status().stage()).isEqualTo(Stage.ENDED);
      assertThat(change.status().embedded()).isBetween(500L, 1_000L);
      assertThat(change.status().toEmbed()).isEqualTo(1_200);
      assertThat(memory.embeddingModel()).isEqualTo("hash-64");
      assertThat(hits(memory, "fact 17")).contains("fact 17");
      assertThat(after.closed).as("an embedder of a change that has not succeeded").isFalse();
      assertThat(indexes()).containsExactly("vectors");

      int embedded = after.texts.get();
      memory.changeModel(ModelChangeRequest.to(after)).completion().join();

      assertThat(after.texts).hasValue(1_200);
      assertThat(embedded).isBetween(500, 1_000);
      assertThat(hits(memory, "fact 17")).contains("fact 17");
      assertThat(memory.modelChange()).get().extracting(last -> last.status().stage()).isEqualTo(Stage.COMPLETE);
    }
  }

  @Test
  void changesTogether_waitForTheAnnouncement_andThenAllSwitch() {
    try (MemoryOrchestrator one = follower("vectors").open();
        MemoryOrchestrator other = follower("other").open()) {
      one.addMemories(facts(20)).join();
      ModelChange first = one.changeModel(ModelChangeRequest.to(new Recording(48)).together());
      ModelChange second = other.changeModel(ModelChangeRequest.to(new Recording(48)).together());
      await().until(() -> first.status().stage() == Stage.WAITING && second.status().stage() == Stage.WAITING);
      one.blocking().addMemory(NewMemory.of("written while both wait", ADA));
      assertThat(one.embeddingModel()).isEqualTo("hash-64");
      assertThat(hits(one, "what was written while both wait?")).contains("written while both wait");

      first.announceSwitch().join();

      first.completion().join();
      second.completion().join();
      assertThat(one.embeddingModel()).isEqualTo("hash-48");
      assertThat(other.embeddingModel()).isEqualTo("hash-48");
      assertThat(hits(one, "what was written while both wait?")).contains("written while both wait");
      await().until(() -> hits(other, "what was written while both wait?").contains("written while both wait"));

      ModelChange back = one.changeModel(ModelChangeRequest.to(new Recording(64)).together());
      await().until(() -> back.status().stage() == Stage.WAITING);
      back.announceSwitch().join();
      back.completion().join();
      ModelChange late = other.changeModel(ModelChangeRequest.to(new Recording(64)).together());
      late.completion().join();
      assertThat(other.embeddingModel()).as("the announcement holds for those that come later").isEqualTo("hash-64");
      ModelChange again = one.changeModel(ModelChangeRequest.to(new Recording(48)).together());
      await().until(() -> again.status().stage() == Stage.WAITING);
      again.cancel();
      assertThatThrownBy(() -> again.completion().get()).hasCauseInstanceOf(CancellationException.class);
      assertThat(one.embeddingModel()).as("an announcement ends with the next one").isEqualTo("hash-64");
      assertThat(hits(one, "fact 17")).contains("fact 17");
    }
  }

  @Test
  void oldVectors_areDeletedOnRequest_andNeverThoseThatServe() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(2_500)).join();
      assertThat(memory.deleteOldVectors().join()).isZero();
      memory.changeModel(ModelChangeRequest.to(new Recording(48))).completion().join();
      Memory added = memory.blocking().addMemory(NewMemory.of("written by the new model", ADA));

      assertThat(memory.blocking().deleteOldVectors()).isEqualTo(2_500);

      assertThat(memory.deleteOldVectors().join()).isZero();
      assertThat(memory.verify(false).join().isClean()).isTrue();
      assertThat(hits(memory, "what was written by the new model?")).contains(added.content());
      Recording back = new Recording(64);
      ModelChange change = memory
          .changeModel(ModelChangeRequest.to(back).textsPerSecond(500).progress((done, total) -> {
            if (done > 0) {
              reached.countDown();
            }
          }));
      reached.await();
      assertThatThrownBy(memory::deleteOldVectors).isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("is being changed");
      change.cancel();
      assertThatThrownBy(() -> change.completion().get()).hasCauseInstanceOf(CancellationException.class);
      assertThat(memory.deleteOldVectors().join()).as("of the change that was cancelled").isEqualTo(back.texts.get());
    }
  }

  @Test
  void change_waitsForAProviderThatFails_andSaysWhy() {
    AtomicBoolean broken = new AtomicBoolean(true);
    Recording after = new Recording(48, text -> broken.get());
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(20)).join();
      ModelChange change = memory.changeModel(ModelChangeRequest.to(after));
      await().untilAsserted(() -> assertThat(change.status().problem()).contains("refused"));
      assertThat(memory.status().join().background()).filteredOn(BackgroundWork::isFailing)
          .extracting(BackgroundWork::name).containsExactly("embedding for the model hash-48");
      assertThatThrownBy(() -> memory.changeModel(ModelChangeRequest.to(new HashEmbedder(32))))
          .isInstanceOf(InvalidInputException.class).hasMessageContaining("is being changed already")
          .hasMessageContaining("hash-48");
      broken.set(false);

      change.completion().join();
      assertThat(change.status().problem()).isNull();
      assertThat(memory.embeddingModel()).isEqualTo("hash-48");
      assertThat(memory.status().join().background()).extracting(BackgroundWork::name)
          .doesNotContain("embedding for the model hash-48");
    }
  }

  @Test
  void textsThatTheNewModelRefuses_areReported_andHoldUpNothing() {
    Recording after = new Recording(48, text -> text.equals("fact 7"));
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(30)).join();

      memory.changeModel(ModelChangeRequest.to(after)).completion().join();

      assertThat(memory.statistics().join().unindexed()).hasSize(1);
      assertThat(hits(memory, "fact 8")).contains("fact 8").doesNotContain("fact 7");
    }
  }

  @Test
  void change_fails_ifMoreThanAHundredTextsAreRefused() {
    Recording after = new Recording(48, text -> text.endsWith("1") || text.endsWith("2"));
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(520)).join();

      ModelChange change = memory.changeModel(ModelChangeRequest.to(after));

      assertThatThrownBy(() -> change.completion().join()).hasCauseInstanceOf(StoreException.class)
          .hasMessageContaining("more than 100 memories could not be embedded by hash-48")
          .hasMessageContaining("the text is refused");
      assertThat(change.status().stage()).isEqualTo(Stage.ENDED);
      assertThat(memory.embeddingModel()).isEqualTo("hash-64");
      assertThat(hits(memory, "fact 17")).contains("fact 17");
    }
  }

  @Test
  void change_endsBeforeItNeedsMoreTokens_andTheNextOneNeedsTheRest() {
    Recording after = new Recording(48);
    Recording again = new Recording(48);
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(1_200)).join();
      ModelChangeRequest request = ModelChangeRequest.to(after);
      assertThatThrownBy(() -> request.mostTokens(0)).isInstanceOf(InvalidInputException.class);

      ModelChange change = memory.changeModel(request.mostTokens(3_000));

      assertThatThrownBy(() -> change.completion().join()).hasCauseInstanceOf(StoreException.class)
          .hasMessageContaining("may embed no more tokens");
      assertThat(change.status().stage()).isEqualTo(Stage.ENDED);
      assertThat(memory.embeddingModel()).isEqualTo("hash-64");
      int made = after.texts.get();
      assertThat(made).isPositive().isLessThan(1_200);

      memory.changeModel(ModelChangeRequest.to(again).mostTokens(5_000_000)).completion().join();

      assertThat(again.texts.get()).isEqualTo(1_200 - made);
      assertThat(memory.embeddingModel()).isEqualTo("hash-48");
    }
  }

  @Test
  void times_orderOperations_acrossTheChange() {
    try (MemoryOrchestrator memory = local(new Recording(64)).clock(InstantSource.fixed(Instant.now())).open()) {
      Memory before = memory.blocking().addMemory(NewMemory.of("before", ADA));
      memory.changeModel(ModelChangeRequest.to(new Recording(48))).completion().join();

      Memory after = memory.blocking().addMemory(NewMemory.of("after", ADA));

      assertThat(after.createdAt()).isAfter(before.createdAt());
    }
  }

  @Test
  void writesOfTheOldModel_thatEndDuringTheChange_areFoundAfterIt() {
    CountDownLatch asked = new CountDownLatch(1);
    CompletableFuture<Void> released = new CompletableFuture<>();
    Recording before = holding(64, asked, released);
    try (MemoryOrchestrator memory = local(before).open()) {
      CompletableFuture<Memory> slow = memory.addMemory(NewMemory.of("a slow fact", ADA));
      asked.await();
      ModelChange change = memory.changeModel(ModelChangeRequest.to(new Recording(48)));
      await().until(() -> memory.embeddingModel().equals("hash-48"));
      assertThat(change.completion()).as("a call of the first model is under way").isNotDone();
      released.complete(null);

      slow.join();
      assertThat(hits(memory, "slow fact")).containsExactly("a slow fact");
      change.completion().join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void writesOfTheOldModel_waitForTheNewOne_noLongerThanTheirDeadline() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    CompletableFuture<Void> released = new CompletableFuture<>();
    CompletableFuture<Void> never = new CompletableFuture<>();
    try (MemoryOrchestrator memory = local(holding(64, asked, released)).writeDeadline(Duration.ofMillis(500)).open()) {
      CompletableFuture<Memory> slow = memory.addMemory(NewMemory.of("a slow fact", ADA));
      asked.await();
      ModelChange change = memory
          .changeModel(ModelChangeRequest.to(holding(48, new CountDownLatch(1), never)));
      await().until(() -> memory.embeddingModel().equals("hash-48"));
      released.complete(null);

      assertThat(slow.join().content()).isEqualTo("a slow fact");
      change.completion().join();
      never.complete(null);
    }
  }

  /** Answers for one text when it is let go. */
  private static Recording holding(int dimension, CountDownLatch asked, CompletableFuture<Void> released) {
    return new Recording(dimension) {
      @Override
      public CompletableFuture<List<float[]>> embed(List<String> texts) {
        CompletableFuture<List<float[]>> vectors = super.embed(texts);
        if (!texts.contains("a slow fact")) {
          return vectors;
        }
        asked.countDown();
        return released.thenCompose(done -> vectors);
      }
    };
  }

  @Test
  void writesThatEndBeforeTheHandover_areFoundAfterIt() {
    try (OneLuceneIndex first = new OneLuceneIndex(folder.resolve("shared-a"));
        OneLuceneIndex second = new OneLuceneIndex(folder.resolve("shared-b"));
        // The keepers find nothing within the test's time.
        MemoryOrchestrator memory = builder(new Recording(64)).followEvery(Duration.ofHours(1)).sharedIndex(first)
            .open()) {
      memory.addMemories(facts(30)).join();
      AtomicBoolean added = new AtomicBoolean();
      second.beforeCheckpoint = () -> {
        if (added.compareAndSet(false, true)) {
          memory.addMemory(NewMemory.of("a late fact", ADA)).join();
        }
      };

      memory.changeModel(ModelChangeRequest.to(new Recording(48)).sharedIndex(second)).completion().join();

      assertThat(hits(memory, "late fact")).contains("a late fact");
    }
  }

  @Test
  void failuresOfClosingTheOldEngine_failNoChange() {
    Recording before = new Recording(64) {
      @Override
      public void close() {
        throw new IllegalStateException("closing is refused");
      }
    };
    try (MemoryOrchestrator memory = local(before).open()) {
      memory.addMemories(facts(5)).join();

      ModelChange change = memory.changeModel(ModelChangeRequest.to(new Recording(48)));
      change.completion().join();

      assertThat(change.status().stage()).isEqualTo(Stage.COMPLETE);
      assertThat(hits(memory, "fact 3")).contains("fact 3");
    }
  }

  @Test
  void closing_endsAChange() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    Recording after = new Recording(48, text -> {
      asked.countDown();
      return true;
    });
    MemoryOrchestrator memory = local(new Recording(64)).open();
    memory.addMemories(facts(20)).join();
    ModelChange change = memory.changeModel(ModelChangeRequest.to(after));
    asked.await();

    memory.close();

    assertThat(change.completion()).isCompletedExceptionally();
    assertThatThrownBy(() -> change.completion().get()).hasCauseInstanceOf(CancellationException.class);
    assertThatThrownBy(() -> memory.changeModel(ModelChangeRequest.to(after))).isInstanceOf(StoreException.class)
        .hasMessageContaining("closed");
    try (MemoryOrchestrator again = local(new Recording(64)).open()) {
      assertThat(hits(again, "fact 17")).contains("fact 17");
    }
  }

  @Test
  void openingAfterAChange_findsTheIndexOfItsModel_andDeletesAnother() throws IOException {
    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(30)).join();
      memory.changeModel(ModelChangeRequest.to(new Recording(48))).completion().join();
      assertThat(indexes()).containsExactly("vectors-other-model");
      memory.changeModel(ModelChangeRequest.to(new Recording(32))).completion().join();
      assertThat(indexes()).containsExactly("vectors");
      memory.changeModel(ModelChangeRequest.to(new Recording(16))).completion().join();
    }
    assertThat(indexes()).containsExactly("vectors-other-model");
    Recording none = new Recording(16, text -> !text.equals("fact 17"));
    try (MemoryOrchestrator memory = local(none).open()) {
      assertThat(hits(memory, "fact 17")).contains("fact 17");
    }

    // As a crash between the switch and the deletion leaves it.
    copy(folder.resolve("vectors-other-model"), folder.resolve("vectors"));
    try (MemoryOrchestrator memory = local(none).open()) {
      assertThat(hits(memory, "fact 17")).contains("fact 17");
    }
    assertThat(indexes()).containsExactly("vectors");
  }

  @Test
  void requestsThatDoNotFit_areRefused() {
    try (OneLuceneIndex index = new OneLuceneIndex(folder.resolve("shared"));
        MemoryOrchestrator own = local(new Recording(64)).open();
        MemoryOrchestrator shared = builder(new Recording(64)).sharedIndex(index).open()) {
      ModelChangeRequest request = ModelChangeRequest.to(new Recording(48));
      assertThatThrownBy(() -> own.changeModel(request.sharedIndex(index))).isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("leave it out");
      assertThatThrownBy(() -> shared.changeModel(request)).isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("an index of another name");
      assertThatThrownBy(() -> request.textsPerSecond(0)).isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("at least 1");
      assertThatThrownBy(() -> own.changeModel(ModelChangeRequest.to(new Recording(64))).completion().join())
          .hasCauseInstanceOf(InvalidInputException.class).hasMessageContaining("has the model hash-64 already");
      assertThat(own.modelChange()).get().extracting(change -> change.status().stage()).isEqualTo(Stage.ENDED);
      assertThat(shared.modelChange()).isEmpty();
    }
  }

  @Test
  void change_keepsTheTypeOfVectors_alsoWhereOnlyTheIndexKnowsIt() {
    local(new Recording(64)).indexVectors(VectorType.BYTE).open().close();

    try (MemoryOrchestrator memory = local(new Recording(64)).open()) {
      memory.addMemories(facts(20)).join();
      memory.changeModel(ModelChangeRequest.to(new Recording(48))).completion().join();

      assertThat(LuceneVectorIndex.vectors(folder.resolve("vectors-other-model"))).contains(VectorType.BYTE);
      assertThat(hits(memory, "fact 7")).contains("fact 7");
    }
  }

  @Test
  void settings_areAllKeptForTheNextEngine() throws IllegalAccessException {
    Database database = Database.builder(jdbcUrl).open();
    OrchestratorBuilder given = local(new Recording(64)).sharedIndex((contents, anew) -> {
      throw new StoreException("never opened", null);
    }).language(Locale.GERMAN).indexVectors(VectorType.BIT).schema("other").embeddedText(EmbeddedText.ACTOR_AND_CONTENT)
        .progress((done, total) -> {}).clock(Instant::now).deduplicate(scope -> true)
        .conversations(new PostgresConversationStore(database))
        .listener(new MemoryListener() {
        });
    List<Field> settings = Arrays.stream(OrchestratorBuilder.class.getDeclaredFields())
        .filter(field -> !Modifier.isStatic(field.getModifiers())).toList();
    for (Field field : settings) {
      if (field.getType() == int.class) {
        field.setInt(given, field.getInt(given) + 1);
      } else if (field.getType() == long.class) {
        field.setLong(given, field.getLong(given) + 1);
      } else if (field.getType() == boolean.class) {
        field.setBoolean(given, !field.getBoolean(given));
      } else if (field.getType() == Duration.class) {
        field.set(given, Duration.ofSeconds(77));
      }
    }

    OrchestratorBuilder copy = given.copy();

    for (Field field : settings) {
      assertThat(field.get(copy)).as(field.getName()).isEqualTo(field.get(given));
    }
    given.listener(new MemoryListener() {
    });
    assertThat(copy.listeners).hasSize(1);
    database.close();
  }

  @Test
  void nextEngine_followsTheOneThatIsLeaving_evenIfNoOtherProcessWrites() {
    OrchestratorBuilder alone = local(new Recording(64));

    assertThat(alone.followEvery).isZero();
    assertThat(ModelChangeRequest.to(new Recording(48)).applyTo(alone).followEvery).isNull();
    assertThat(ModelChangeRequest.to(new Recording(48)).applyTo(alone.followEvery(Duration.ofSeconds(3))).followEvery)
        .hasSeconds(3);
  }

  private OrchestratorBuilder builder(Embedder embedder) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).poolSize(4).embedder(embedder);
  }

  private OrchestratorBuilder local(Embedder embedder) {
    return builder(embedder).indexDirectory(folder.resolve("vectors")).followEvery(Duration.ZERO);
  }

  /** One of several processes with indexes of their own. */
  private OrchestratorBuilder follower(String index) {
    return builder(new Recording(64)).indexDirectory(folder.resolve(index)).followEvery(Duration.ofMillis(50));
  }

  private static List<NewMemory> facts(int count) {
    return IntStream.range(0, count).mapToObj(i -> NewMemory.of("fact " + i, ADA)).toList();
  }

  private static List<String> hits(MemoryOrchestrator memory, String question) {
    return memory.blocking().search(SearchRequest.builder(question).scope(ADA).mode(Mode.HYBRID).limit(10).build())
        .stream().map(hit -> hit.memory().content()).toList();
  }

  /** The names of the folders with an index. */
  private List<String> indexes() throws IOException {
    try (Stream<Path> folders = Files.list(folder)) {
      return folders.filter(each -> LuceneVectorIndex.model(each).isPresent())
          .map(each -> each.getFileName().toString())
          .sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  /** Records what it is asked, and refuses some texts. */
  private static class Recording implements Embedder {

    private final HashEmbedder embedder;
    private final Predicate<String> refused;
    private final Set<String> questions = ConcurrentHashMap.newKeySet();
    private final AtomicInteger texts = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();

    Recording(int dimension) {
      this(dimension, text -> false);
    }

    Recording(int dimension, Predicate<String> refused) {
      this.embedder = new HashEmbedder(dimension);
      this.refused = refused;
    }

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> all) {
      for (String text : all) {
        if (refused.test(text)) {
          return CompletableFuture.failedFuture(new EmbeddingException("the text is refused", null));
        }
      }
      texts.addAndGet(all.size());
      return embedder.embed(all);
    }

    @Override
    public CompletableFuture<List<float[]>> embedQuestions(List<String> all) {
      questions.addAll(all);
      return embedder.embed(all);
    }

    @Override
    public boolean distinguishesQuestions() {
      return true;
    }

    @Override
    public String model() {
      return "hash-" + embedder.dimension();
    }

    @Override
    public int dimension() {
      return embedder.dimension();
    }

    @Override
    public Limits limits() {
      return new Limits(1, 200_000);
    }

    @Override
    public void close() {
      closed.set(true);
    }
  }
}
