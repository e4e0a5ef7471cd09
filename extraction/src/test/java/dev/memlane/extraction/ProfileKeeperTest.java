package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.ADA;
import static dev.memlane.extraction.RememberStage.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.ContextRequest;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Profiles on a real database and a real index, with a scripted model. */
@Tag("programs")
class ProfileKeeperTest {

  @TempDir
  Path directory;

  private final ChatProvider provider = ChatProvider.start(new NoteScript());
  private RememberStage stage;
  private ProfileKeeper profiles;

  @BeforeEach
  void open() {
    stage = new RememberStage(RememberStage.freshDatabase(), directory.resolve("index"), provider);
    profiles = ProfileKeeper.builder(stage.memory, stage.model).characters(300).overlap(Duration.ZERO).build();
  }

  @AfterEach
  void close() {
    profiles.close();
    stage.close();
    provider.close();
  }

  private MemoryId fact(Scope scope, String text) {
    Fact fact = new Fact(FactKind.FACT, null, 3, List.of(), null, Instant.parse("2026-03-01T10:00:00Z"),
        FactChange.ADDED, List.of());
    return stage.memory.blocking()
        .addMemory(NewMemory.builder(text, scope).metadata(fact.onto(Metadata.empty())).build()).id();
  }

  private Memory refresh() {
    return get(profiles.refresh(ADA)).orElseThrow();
  }

  private JsonNode asked(int number) {
    return Json.readOwn(provider.questions().get(number).messages().get(1).text());
  }

  private List<String> factsAsked(int number) {
    List<String> texts = new ArrayList<>();
    asked(number).get("facts").forEach(fact -> texts.add(fact.get("text").asText()));
    return texts;
  }

  @Test
  void profile_isMadeOfTheFactsOfItsScope_andNamesThem() {
    MemoryId home = fact(ADA, "Ada lives in Porto");
    MemoryId job = fact(ADA, "Ada is a luthier");
    fact(ADA.withRun("other"), "this is of another scope");
    stage.memory.blocking().addMemory(NewMemory.of("this is no fact", ADA));

    Memory profile = refresh();

    assertThat(profile.content()).isEqualTo("Ada lives in Porto. Ada is a luthier.");
    assertThat(profile.id()).isEqualTo(Profile.idOf(ADA));
    assertThat(Profile.of(profile)).hasValueSatisfying(each -> {
      assertThat(each.facts()).containsExactly(home, job);
      assertThat(each.toString()).doesNotContain("Porto");
    });
    assertThat(stage.memory.blocking().list(ADA, Profile.filter(), null, 10).memories()).containsExactly(profile);
    assertThat(asked(0).get("profile").asText()).isEmpty();
    assertThat(asked(0).get("characters").asInt()).isEqualTo(300);
  }

  @Test
  void unchangedFacts_costNothing() {
    fact(ADA, "Ada lives in Porto");
    Memory profile = refresh();

    assertThat(refresh()).isEqualTo(profile);
    assertThat(provider.questions()).hasSize(1);
  }

  @Test
  void newAndChangedFacts_areAllThatIsSent_withTheTextSoFar() {
    MemoryId home = fact(ADA, "Ada lives in Porto");
    fact(ADA, "Ada is a luthier");
    refresh();
    fact(ADA, "Ada has a cat");
    stage.memory.blocking().updateMemory(MemoryUpdate.content(home, "Ada lives in Lisbon"));

    Memory profile = refresh();

    assertThat(asked(1).get("profile").asText()).isEqualTo("Ada lives in Porto. Ada is a luthier.");
    assertThat(factsAsked(1)).containsExactly("Ada has a cat", "Ada lives in Lisbon");
    assertThat(profile.version()).isEqualTo(2);
    assertThat(Profile.of(profile).orElseThrow().facts()).hasSize(3).last().isEqualTo(home);
  }

  @Test
  void deletedFact_isNotCarriedOn() {
    MemoryId secret = fact(ADA, "Ada has a secret");
    fact(ADA, "Ada is a luthier");
    refresh();
    stage.memory.blocking().deleteMemory(MemoryDeletion.of(secret));
    fact(ADA, "Ada has a cat");

    Memory profile = refresh();

    assertThat(asked(1).get("profile").asText()).isEmpty();
    assertThat(factsAsked(1)).containsExactly("Ada is a luthier", "Ada has a cat");
    assertThat(profile.content()).isEqualTo("Ada is a luthier. Ada has a cat.");
    assertThat(Profile.of(profile).orElseThrow().facts()).doesNotContain(secret);
  }

  @Test
  void profileWithoutFacts_isDeleted() {
    MemoryId only = fact(ADA, "Ada has a secret");
    refresh();
    stage.memory.blocking().deleteMemory(MemoryDeletion.of(only));

    assertThat(get(profiles.refresh(ADA))).isEmpty();
    assertThat(stage.memory.blocking().get(Profile.idOf(ADA))).isEmpty();
    assertThat(get(profiles.refresh(ADA))).isEmpty();

    fact(ADA, "Ada is a luthier");
    assertThat(refresh().content()).isEqualTo("Ada is a luthier.");
  }

  @Test
  void erasedProfile_isMadeAnew_andItsHistoryIsGone() {
    MemoryId secret = fact(ADA, "Ada has a secret");
    fact(ADA, "Ada is a luthier");
    refresh();
    stage.memory.blocking().deleteMemory(MemoryDeletion.of(secret).purgingHistory());
    stage.memory.blocking().deleteMemory(MemoryDeletion.of(Profile.idOf(ADA)).purgingHistory());

    Memory profile = refresh();

    assertThat(profile.content()).isEqualTo("Ada is a luthier.");
    assertThat(stage.memory.blocking().history(profile.id()))
        .noneMatch(entry -> String.valueOf(entry.oldContent()).contains("secret")
            || String.valueOf(entry.newContent()).contains("secret"));
  }

  @Test
  void manyFacts_areReadInPortions() {
    IntStream.range(0, 60).forEach(i -> fact(ADA, "fact " + i + " " + "x".repeat(900)));

    refresh();

    assertThat(provider.questions()).hasSize(3);
    assertThat(IntStream.range(0, 3).boxed().flatMap(i -> factsAsked(i).stream())).hasSize(60).doesNotHaveDuplicates();
  }

  @Test
  void damagedProfile_isMadeAnew() {
    fact(ADA, "Ada is a luthier");
    Memory profile = refresh();
    stage.memory.blocking().updateMemory(
        MemoryUpdate.metadata(profile.id(), profile.metadata().with(Profile.UP_TO, "never")));

    assertThat(refresh().content()).isEqualTo("Ada is a luthier.");
    assertThat(asked(1).get("profile").asText()).isEmpty();
  }

  static List<String> invalidAnswers() {
    return List.of("no JSON", "{}", "{\"text\": \"x\"}", "{\"text\": \" \", \"facts\": []}",
        "{\"text\": \"x\", \"facts\": [2]}", "{\"text\": \"x\", \"facts\": [\"m1\"]}",
        "{\"text\": \"x\", \"facts\": 1}", "{\"text\": \"x\", \"facts\": [], \"delete\": \"all\"}",
        "{\"text\": \"" + "x".repeat(301) + "\", \"facts\": []}");
  }

  @ParameterizedTest
  @MethodSource("invalidAnswers")
  void invalidAnswer_isAskedForOnceMore_andChangesNothing(String invalid) {
    fact(ADA, "Ada is a luthier");
    provider.next(ChatReply.text(invalid));
    Memory profile = refresh();
    assertThat(profile.content()).isEqualTo("Ada is a luthier.");
    assertThat(provider.questions().get(1).messages().getLast().text()).startsWith("That answer is not valid: ");

    fact(ADA, "Ada has a cat");
    provider.next(ChatReply.text(invalid), ChatReply.text(invalid));
    assertThatThrownBy(() -> profiles.refresh(ADA).join()).cause().isInstanceOf(ExtractionException.class)
        .hasMessageContaining("not valid, twice");
    assertThat(stage.memory.blocking().get(profile.id())).isEqualTo(Optional.of(profile));
    assertThat(refresh().content()).isEqualTo("Ada is a luthier.Ada has a cat.");
  }

  @Test
  void refresh_duringAnother_isRefused_andOfAnotherScopeIsNot() {
    fact(ADA, "Ada is a luthier");
    Scope ben = Scope.user("ben");
    fact(ben, "Ben is a baker");
    CompletableFuture<Void> held = new CompletableFuture<>();
    provider.next(ChatReply.text("{\"text\": \"x\", \"facts\": [1]}").after(held));

    CompletableFuture<Optional<Memory>> first = profiles.refresh(ADA);

    CompletableFuture<Optional<Memory>> second = profiles.refresh(ADA);

    assertThat(second).isCompletedExceptionally();
    assertThatThrownBy(second::join).cause().hasMessageContaining("refreshed already");
    held.complete(null);
    assertThat(get(first)).isPresent();
    assertThat(get(profiles.refresh(ben)).orElseThrow().content()).isEqualTo("Ben is a baker.");
    assertThat(get(profiles.refresh(ADA))).isPresent();
  }

  @Test
  void profile_isPinnedInAContext() {
    fact(ADA, "Ada is a luthier");
    refresh();
    stage.memory.blocking().addMemory(NewMemory.of("the sea is cold", ADA));

    String text = stage.memory.blocking()
        .context(ContextRequest.of("sea", ADA, 500).withPinned(List.of(Profile.idOf(ADA)))).text();

    assertThat(text.lines().skip(1).findFirst().orElseThrow()).endsWith("Ada is a luthier.");
  }

  @Test
  void keeper_afterClosing_refuses() {
    profiles.close();

    assertThatThrownBy(() -> profiles.refresh(ADA).join()).cause().hasMessageContaining("has been closed");
    assertThatThrownBy(() -> ProfileKeeper.builder(stage.memory, stage.model).characters(99))
        .isInstanceOf(InvalidInputException.class);
    assertThat(Profile.filter()).isEqualTo(Filter.exists(Profile.OF));
  }
}
