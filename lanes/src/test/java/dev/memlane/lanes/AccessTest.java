package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {

  private static void assertConflict(Access one, Access other) {
    assertThat(one.conflictsWith(other)).as("%s and %s", one, other).isTrue();
    assertThat(other.conflictsWith(one)).as("%s and %s", other, one).isTrue();
  }

  private static void assertNoConflict(Access one, Access other) {
    assertThat(one.conflictsWith(other)).as("%s and %s", one, other).isFalse();
    assertThat(other.conflictsWith(one)).as("%s and %s", other, one).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"a, a", "a, a/b", "a, a/b/c", "a/b, a/b/c", "'', a", "'', ''", "a/, a/b", "a/, a", "/, /a", "/a, /a/b"})
  void conflictsWith_nestedPathsOneWritten_isTrue(String one, String other) {
    assertConflict(Access.writes(one), Access.reads(other));
    assertConflict(Access.reads(one), Access.writes(other));
    assertConflict(Access.writes(one), Access.writes(other));
    assertNoConflict(Access.reads(one), Access.reads(other));
  }

  @ParameterizedTest
  @CsvSource({"a, b", "a, ab", "a, ab/c", "a/b, a/c", "a/b, a/bc", "a/b, b", "a/b, ab", "/a, /b", "a, A"})
  void conflictsWith_separatePaths_isFalse(String one, String other) {
    assertNoConflict(Access.writes(one), Access.writes(other));
    assertNoConflict(Access.writes(one), Access.reads(other));
  }

  @Test
  void conflictsWith_severalPathsOneShared_isTrue() {
    Access both = Access.reads("a", "b").and(Access.writes("c", "d/e"));

    assertThat(both).isEqualTo(new Access(List.of("a", "b"), List.of("c", "d/e")));
    assertConflict(both, Access.writes("x", "b"));
    assertConflict(both, Access.reads("x", "d"));
    assertConflict(both, Access.writes("c"));
    assertConflict(both, both);
    assertNoConflict(both, Access.reads("a", "b", "x"));
    assertNoConflict(both, Access.writes("x", "d/f"));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void conflictsWith_manyPaths_comparesEveryPair(long seed) {
    Random random = new Random(seed);
    int conflicts = 0;
    for (int round = 0; round < 2_000; round++) {
      List<String> some = paths(random);
      List<String> others = paths(random);
      boolean expected = some.stream().anyMatch(
          one -> others.stream().anyMatch(other -> Access.writes(one).conflictsWith(Access.reads(other))));

      assertThat(new Access(List.of(), some).conflictsWith(new Access(others, List.of())))
          .as("seed %s: %s and %s", seed, some, others).isEqualTo(expected);
      conflicts += expected ? 1 : 0;
    }
    assertThat(conflicts).as("seed %s", seed).isBetween(200, 1_800);
  }

  /** Enough that they are not compared one by one. */
  private static List<String> paths(Random random) {
    return Stream.generate(() -> path(random)).limit(10).toList();
  }

  private static String path(Random random) {
    String path = random.nextInt(300) == 0 ? "" : random.nextInt(40) + (random.nextBoolean() ? "/" : "");
    for (int i = random.nextInt(3); i > 0; i--) {
      path += (path.endsWith("/") ? "" : "/") + random.nextInt(12);
    }
    return path;
  }

  @Test
  void conflictsWith_everythingOrNothing_isAlwaysOrNever() {
    assertConflict(Access.everything(), Access.everything());
    assertConflict(Access.everything(), Access.reads("a"));
    assertConflict(Access.everything(), Access.writes("a"));
    assertNoConflict(Access.everything(), Access.nothing());
    assertNoConflict(Access.nothing(), Access.nothing());
    assertNoConflict(Access.nothing(), Access.writes("a"));
    assertConflict(Access.nothing().and(Access.writes("a")), Access.reads("a"));
  }
}
