package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
  void conflictsWith_onePathIsPartOfTheOther_ifOneIsWritten(String one, String other) {
    assertConflict(Access.writes(one), Access.reads(other));
    assertConflict(Access.reads(one), Access.writes(other));
    assertConflict(Access.writes(one), Access.writes(other));
    assertNoConflict(Access.reads(one), Access.reads(other));
  }

  @ParameterizedTest
  @CsvSource({"a, b", "a, ab", "a, ab/c", "a/b, a/c", "a/b, a/bc", "a/b, b", "a/b, ab", "/a, /b", "a, A"})
  void conflictsWith_pathsApart_isFalse(String one, String other) {
    assertNoConflict(Access.writes(one), Access.writes(other));
    assertNoConflict(Access.writes(one), Access.reads(other));
  }

  @Test
  void conflictsWith_severalPaths_oneIsEnough() {
    Access both = Access.reads("a", "b").and(Access.writes("c", "d/e"));

    assertThat(both).isEqualTo(new Access(List.of("a", "b"), List.of("c", "d/e")));
    assertConflict(both, Access.writes("x", "b"));
    assertConflict(both, Access.reads("x", "d"));
    assertConflict(both, Access.writes("c"));
    assertConflict(both, both);
    assertNoConflict(both, Access.reads("a", "b", "x"));
    assertNoConflict(both, Access.writes("x", "d/f"));
  }

  @Test
  void conflictsWith_everythingAndNothing() {
    assertConflict(Access.everything(), Access.everything());
    assertConflict(Access.everything(), Access.reads("a"));
    assertConflict(Access.everything(), Access.writes("a"));
    assertNoConflict(Access.everything(), Access.nothing());
    assertNoConflict(Access.nothing(), Access.nothing());
    assertNoConflict(Access.nothing(), Access.writes("a"));
    assertConflict(Access.nothing().and(Access.writes("a")), Access.reads("a"));
  }
}
