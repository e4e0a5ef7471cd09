package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigInteger;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Callers' input: bad input is refused with a message that names it, and input at a limit is accepted. */
class InputTest {

  private static final Scope ADA = Scope.user("ada");
  private static final MemoryId ID = new MemoryId(new UUID(1, 2));

  @Test
  void scope_namesNothing_isRefused() {
    refused(() -> new Scope(null, null, null), "scope", "user, agent and run");
  }

  @Test
  void scope_emptyOrTooLongValue_namesTheValue() {
    refused(() -> Scope.user(" "), "the scope's user", "empty");
    refused(() -> ADA.withAgent("x".repeat(Scope.LONGEST + 1)), "the scope's agent", "256", "255");
    refused(() -> Scope.run("a\u0000"), "the scope's run", "NUL", "position 1");
    assertThat(Scope.agent("x".repeat(Scope.LONGEST)).agent()).hasSize(Scope.LONGEST);
  }

  @Test
  void scope_withFewerValues_matchesScopesWithMore() {
    Scope both = ADA.withRun("7");

    assertThat(ADA.matches(both)).isTrue();
    assertThat(both.matches(ADA)).isFalse();
    assertThat(Scope.agent("ada").matches(ADA)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "   ", "\n\t"})
  void content_blank_isRefusedOnAddAndUpdate(String content) {
    refused(() -> NewMemory.of(content, ADA), "the content is empty");
    refused(() -> MemoryUpdate.content(ID, content), "the content is empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u200B", "\u00AD\u200E", "\uFEFF \u2060", "\u3164", "\u200D", "\u2800"})
  void contentAndNames_ofInvisibleCharacters_areRefused(String unseen) {
    refused(() -> NewMemory.of(unseen, ADA), "the content is empty", "none of its characters is visible");
    refused(() -> MemoryUpdate.content(ID, unseen), "the content is empty");
    refused(() -> Scope.user(unseen), "the scope's user is empty", "none of its characters is visible");
    refused(() -> NewMemory.builder("x", ADA).key(unseen).build(), "the key is empty");
    refused(() -> NewMemory.builder("x", ADA).actor(unseen).build(), "the actor is empty");
    refused(() -> Metadata.of(unseen, 1), "a metadata key is empty");
    refused(() -> Filter.exists(unseen), "a filter's key is empty");
  }

  @Test
  void names_areKeptUnchanged_includingBlanksAndUnicodeForms() {
    assertThat(Scope.user(" ada")).isNotEqualTo(ADA);
    assertThat(Scope.user("Jose\u0301")).isNotEqualTo(Scope.user("Jos\u00E9"));
    assertThat(MemoryId.derive(ADA, "k ")).isNotEqualTo(MemoryId.derive(ADA, "k"));
    assertThat(NewMemory.builder("x", ADA).key(" k ").actor(" Ada ").build())
        .isEqualTo(new NewMemory("x", ADA, " k ", " Ada ", Metadata.empty(), null, null, null, false));
    assertThat(Filter.equal("k", "\u00E9").matches(Metadata.of("k", "e\u0301"), null)).isFalse();
    assertThat(Filter.equal("k", "v").matches(Metadata.of("k", "v "), null)).isFalse();
    assertThat(Metadata.of("k ", "v").get("k")).isNull();
  }

  @Test
  void content_atTheLimit_isAccepted_andAboveItRefused() {
    String longest = "x".repeat(Memory.LONGEST_CONTENT);

    assertThat(NewMemory.of(longest, ADA).content()).hasSize(Memory.LONGEST_CONTENT);
    refused(() -> NewMemory.of(longest + "x", ADA), "the content", "100001", "100000", "split");
    refused(() -> MemoryUpdate.content(ID, longest + "x"), "the content", "100001");
  }

  @Test
  void content_withNulOrHalfACharacter_namesThePosition() {
    refused(() -> NewMemory.of("ab\u0000c", ADA), "the content", "NUL", "position 2");
    refused(() -> NewMemory.of("ab\uD83D", ADA), "the content", "surrogate", "position 2");
    refused(() -> NewMemory.of("\uDE00ab", ADA), "the content", "surrogate", "position 0");
    refused(() -> MemoryUpdate.content(ID, "a\uD83D\uD83D\uDE00"), "the content", "surrogate", "position 1");
    assertThat(NewMemory.of("ab\uD83D\uDE00", ADA).content()).isEqualTo("ab\uD83D\uDE00");
  }

  @Test
  void newMemory_badKeyOrActor_namesIt() {
    refused(() -> NewMemory.builder("x", ADA).key("").build(), "the key", "empty");
    refused(() -> NewMemory.builder("x", ADA).key("k".repeat(NewMemory.LONGEST_KEY + 1)).build(), "the key", "1001");
    refused(() -> NewMemory.builder("x", ADA).actor("\uD83D").build(), "the actor", "surrogate");
    refused(() -> MemoryUpdate.content(ID, "x").by(""), "the actor", "empty");
  }

  @Test
  void newMemory_timeBeyondTheYears_namesTheField_andOthersAreTruncatedToMicroseconds() {
    refused(() -> NewMemory.builder("x", ADA).occurredAt(Instant.MAX).build(), "occurredAt", "1 to 9999");
    refused(() -> NewMemory.builder("x", ADA).expiresAt(Instant.MIN).build(), "expiresAt", "1 to 9999");
    assertThat(NewMemory.builder("x", ADA).occurredAt(Instant.parse("2026-01-01T00:00:00.123456789Z")).build()
        .occurredAt()).isEqualTo(Instant.parse("2026-01-01T00:00:00.123456Z"));
  }

  @Test
  void update_changesNothing_isRefused() {
    refused(() -> MemoryUpdate.builder(ID).by("Ada").build(), "changes nothing");
    refused(() -> MemoryUpdate.builder(ID).actor(" ").build(), "the actor is empty");
    refused(() -> MemoryUpdate.builder(ID).occurredAt(Instant.MAX).build(), "occurredAt", "1 to 9999");
    assertThat(MemoryUpdate.builder(ID).expiresAt(Instant.parse("2026-01-01T00:00:00.123456789Z")).build().expiresAt())
        .isEqualTo(Change.to(Instant.parse("2026-01-01T00:00:00.123456Z")));
    assertThat(MemoryUpdate.builder(ID).actor(null).build().expecting(null).actor()).isEqualTo(new Change.Clear<>());
  }

  @Test
  void metadata_acceptsItsTypes_andKeepsWholeNumbersAsLong() {
    Metadata metadata = Metadata.of(
        Map.of("text", "x", "int", 1, "whole", 2.0, "half", 0.5f, "flag", true, "list", List.of("a", 1, false)));

    assertThat(metadata.get("int")).isEqualTo(1L);
    assertThat(metadata.get("whole")).isEqualTo(2L);
    assertThat(metadata.get("half")).isEqualTo(0.5);
    assertThat(metadata.get("list")).isEqualTo(List.of("a", 1L, false));
    assertThat(metadata.get("absent")).isNull();
  }

  @Test
  void metadata_unsupportedType_namesKeyAndType() {
    refused(() -> Metadata.of("when", Instant.EPOCH), "\"when\"", "Instant");
    refused(() -> Metadata.of("map", Map.of("a", 1)), "\"map\"", "an object");
    refused(() -> Metadata.of("nested", List.of(List.of("a"))), "\"nested\"", "a list where");
    refused(() -> NewMemory.builder("x", ADA).metadata("when", Instant.EPOCH), "\"when\"");
  }

  @Test
  void metadata_numberThatDoubleCannotHold_namesKeyAndNumber() {
    long largest = 1L << 53;

    assertThat(Metadata.of("n", largest).get("n")).isEqualTo(largest);
    assertThat(Metadata.of("n", -largest).get("n")).isEqualTo(-largest);
    refused(() -> Metadata.of("n", largest + 1), "\"n\"", "9007199254740993", "2^53");
    refused(() -> Metadata.of("n", Long.MIN_VALUE), "\"n\"", "2^53");
    refused(() -> Metadata.of("n", Double.NaN), "\"n\"", "NaN", "finite");
    refused(() -> Metadata.of("n", Float.NEGATIVE_INFINITY), "\"n\"", "Infinity", "finite");
    refused(() -> Metadata.of("n", BigInteger.ONE.shiftLeft(64)), "\"n\"", "text");
    refused(() -> Metadata.of("n", List.of(1, Double.NaN)), "\"n\"", "NaN");
  }

  @Test
  void metadata_aNumberWithManyDigits_isAbbreviatedInTheMessage() {
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> Metadata.of("n", new BigInteger("9".repeat(5_000))))
        .satisfies(e -> assertThat(e.getMessage()).contains("999...").hasSizeLessThan(300));
  }

  @Test
  @SuppressWarnings("NullAway") // what Java callers without null checks do
  void metadata_null_isLeftOut() {
    Map<String, Object> values = new HashMap<>();
    values.put("gone", null);
    values.put("list", Arrays.asList("a", null));

    assertThat(Metadata.of(values)).isEqualTo(Metadata.of("list", List.of("a")));
  }

  @Test
  void metadata_badTextOrKey_namesIt() {
    refused(() -> Metadata.of("t", "a\u0000"), "\"t\"", "NUL", "position 1");
    refused(() -> Metadata.of("t", List.of("\uD83D")), "\"t\"", "surrogate");
    refused(() -> Metadata.of("t", "x".repeat(Metadata.LONGEST_TEXT + 1)), "\"t\"", "8001", "8000");
    refused(() -> Metadata.of("", "x"), "a metadata key", "empty");
    refused(() -> Metadata.of("k".repeat(Metadata.LONGEST_KEY + 1), "x"), "a metadata key", "256");
    assertThat(Metadata.of("t", "").get("t")).isEqualTo("");
  }

  @Test
  void metadata_moreValuesThanTheLimit_countsThoseInLists() {
    List<Integer> most = Collections.nCopies(Metadata.MOST_VALUES, 1);

    assertThat(Metadata.of("list", most).size()).isEqualTo(1);
    refused(() -> Metadata.of("list", most).with("more", 1), "1001", "1000");
  }

  @Test
  void embedding_withoutADirection_isRefused() {
    refused(() -> new Embedding("m", new float[0]), "empty or all zero", "model m");
    refused(() -> new Embedding("m", new float[]{0, -0f}), "all zero", "model m");
    refused(() -> new Embedding("m", new float[]{1, Float.NaN}), "NaN", "position 1", "model m");
    refused(() -> new Embedding("m", new float[]{Float.POSITIVE_INFINITY}), "Infinity", "position 0");
    assertThat(new Embedding("m", new float[]{0, 1})).isEqualTo(new Embedding("m", new float[]{0, 1}))
        .isNotEqualTo(new Embedding("other", new float[]{0, 1}));
  }

  private static void refused(ThrowingCallable call, String... named) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.getMessage()).contains(named));
  }
}
