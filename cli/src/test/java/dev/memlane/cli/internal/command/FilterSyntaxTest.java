package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FilterSyntaxTest {

  @Test
  void parse_eachForm_returnsItsFilter() {
    assertThat(FilterSyntax.parse("topic=travel")).isEqualTo(Filter.equal("topic", "travel"));
    assertThat(FilterSyntax.parse(" topic = two words ")).isEqualTo(Filter.equal("topic", "two words"));
    assertThat(FilterSyntax.parse("topic!=travel")).isEqualTo(Filter.not(Filter.equal("topic", "travel")));
    assertThat(FilterSyntax.parse("!topic=travel")).isEqualTo(Filter.not(Filter.equal("topic", "travel")));
    assertThat(FilterSyntax.parse("tags=sea|hills")).isEqualTo(Filter.in("tags", "sea", "hills"));
    assertThat(FilterSyntax.parse("importance>=3")).isEqualTo(Filter.atLeast("importance", 3L));
    assertThat(FilterSyntax.parse("importance>3")).isEqualTo(Filter.greaterThan("importance", 3L));
    assertThat(FilterSyntax.parse("importance<=2.5")).isEqualTo(Filter.atMost("importance", 2.5));
    assertThat(FilterSyntax.parse("name<m")).isEqualTo(Filter.lessThan("name", "m"));
    assertThat(FilterSyntax.parse("title~sea")).isEqualTo(Filter.contains("title", "sea"));
    assertThat(FilterSyntax.parse("title ~ \" sea\" | 007|1e3")).isEqualTo(Filter.or(Filter.contains("title", " sea"),
        Filter.contains("title", "007"), Filter.contains("title", "1e3")));
    assertThat(FilterSyntax.parse("title!~sea")).isEqualTo(Filter.not(Filter.contains("title", "sea")));
    assertThat(FilterSyntax.parse("!title~50%")).isEqualTo(Filter.not(Filter.contains("title", "50%")));
    assertThat(FilterSyntax.parse("\"a~b\"~\"=\"")).isEqualTo(Filter.contains("a~b", "="));
    assertThat(FilterSyntax.parse("question")).isEqualTo(Filter.exists("question"));
    assertThat(FilterSyntax.parse("!question")).isEqualTo(Filter.not(Filter.exists("question")));
  }

  @Test
  void parse_values_haveTheTypeTheyLookLike() {
    assertThat(FilterSyntax.parse("a=true")).isEqualTo(Filter.equal("a", true));
    assertThat(FilterSyntax.parse("a=-7")).isEqualTo(Filter.equal("a", -7L));
    assertThat(FilterSyntax.parse("a=1e3")).isEqualTo(Filter.equal("a", 1000.0));
    assertThat(FilterSyntax.parse("a=007")).isEqualTo(Filter.equal("a", "007"));
    assertThat(FilterSyntax.parse("a=NaN")).isEqualTo(Filter.equal("a", "NaN"));
    assertThat(FilterSyntax.parse("a=\"42\"")).isEqualTo(Filter.equal("a", "42"));
    assertThat(FilterSyntax.parse("a=\"\"")).isEqualTo(Filter.equal("a", ""));
    assertThat(FilterSyntax.parse("a=\"x|\\\"y\\\\\" | z")).isEqualTo(Filter.in("a", "x|\"y\\", "z"));
    assertThat(FilterSyntax.parse("\"a=b\">=1")).isEqualTo(Filter.atLeast("a=b", 1L));
    assertThat(FilterSyntax.parse("a=b=c")).isEqualTo(Filter.equal("a", "b=c"));
  }

  @Test
  void parse_several_mustAllHold() {
    assertThat(FilterSyntax.parse(List.of())).isNull();
    assertThat(FilterSyntax.parse(List.of("a=1"))).isEqualTo(Filter.equal("a", 1L));
    assertThat(FilterSyntax.parse(List.of("a=1", "b")))
        .isEqualTo(Filter.and(Filter.equal("a", 1L), Filter.exists("b")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"!!", "=", "a==", "a!", "a>1|", "a>=true|", "a=\"x\"", "a=\"", "\"", "a=|"})
  void parse_longNonsense_isRefusedInAShortMessage(String begin) {
    assertThatThrownBy(() -> FilterSyntax.parse(begin + "x".repeat(10_000)))
        .isInstanceOf(InvalidInputException.class)
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "!", "!!a", "=", "=a", ">=3", "a=", "a= | b", "a=b|", "a>", "a>1|2", "a>=true", "a~",
      "~a", "a~\"\"", "a~~b", "a=~b", "a~=b", "a~b|",
      "a==b",
      "a=>b", "a=\"open", "\"open=1", "a=\"x\"y", "a!b", "a=99999999999999999999", "a=1e999", "a=\0"})
  void parse_nonsense_isRefused(String condition) {
    assertThatThrownBy(() -> FilterSyntax.parse(condition)).isInstanceOf(InvalidInputException.class)
        .hasMessageNotContainingAny("Exception", "null");
  }

  @Test
  void parse_anything_isReadOrRefused() {
    long seed = Long.getLong("memlane.seed", 1);
    Random random = new Random(seed);
    String alphabet = "ab1=<>!~|\"\\ .-e\0\uD83D";
    for (int i = 0; i < 20_000; i++) {
      StringBuilder condition = new StringBuilder();
      for (int length = random.nextInt(9); length > 0; length--) {
        condition.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        assertThat(FilterSyntax.parse(condition.toString())).isNotNull();
      } catch (InvalidInputException e) {
        assertThat(e.getMessage()).isNotBlank();
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + condition, e);
      }
    }
  }
}
