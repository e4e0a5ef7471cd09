package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import java.time.DayOfWeek;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.ai.vectorstore.filter.Filter.Expression;
import org.springframework.ai.vectorstore.filter.Filter.ExpressionType;
import org.springframework.ai.vectorstore.filter.Filter.Group;
import org.springframework.ai.vectorstore.filter.Filter.Key;
import org.springframework.ai.vectorstore.filter.Filter.Operand;
import org.springframework.ai.vectorstore.filter.Filter.Value;
import org.springframework.ai.vectorstore.filter.FilterExpressionBuilder;
import org.springframework.ai.vectorstore.filter.FilterExpressionTextParser;

@SuppressWarnings("BadImport") // Memlane has a Filter, too.
class FilterTranslatorTest {

  private static final Metadata OBOE = Metadata.of(Map.of("name", "oboe", "year", 1657, "keys", 45, "double reed", true,
      "players", List.of("Ada", "Ben")));

  /** Conditions in Spring AI's language, and whether they hold for the oboe. */
  @ParameterizedTest
  @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
      name == 'oboe' => true
      name == 'cello' => false
      name != 'cello' => true
      name != 'oboe' => false
      missing == 'oboe' => false
      missing != 'oboe' => true
      year == 1657 => true
      year == 1657.0 => true
      year == '1657' => false
      year > 1657 => false
      year > 1656.5 => true
      year >= 1657 => true
      year < 1657 => false
      year < 1658 => true
      year <= 1657 => true
      missing > 0 => false
      missing <= 0 => false
      "double reed" == true => true
      'double reed' == false => false
      players == 'Ben' => true
      name IN ['oboe', 'cello'] => true
      name IN ['cello'] => false
      name NOT IN ['cello', 'harp'] => true
      name NOT IN ['oboe'] => false
      missing NOT IN ['oboe'] => true
      year IN [1657, 1700] => true
      name == 'oboe' && year == 1657 => true
      name == 'oboe' && year == 1700 => false
      name == 'cello' || year == 1657 => true
      name == 'cello' || year == 1700 => false
      name == 'cello' && year == 1700 || keys == 45 => true
      name == 'cello' && (year == 1700 || keys == 45) => false
      NOT(name == 'oboe') => false
      NOT(name == 'cello' || year == 1700) => true
      NOT(missing > 0) => true
      """)
  void expression_inWords_holdsAsSpringSays(String text, boolean holds) {
    Expression expression = new FilterExpressionTextParser().parse(text);

    assertThat(FilterTranslator.translate(expression).matches(OBOE, null)).isEqualTo(holds);
  }

  @ParameterizedTest
  @MethodSource
  void nullChecks_holdByTheKeyAlone(ExpressionType type, String key, boolean holds) {
    assertThat(FilterTranslator.translate(new Expression(type, new Key(key), null)).matches(OBOE, null))
        .isEqualTo(holds);
  }

  static Stream<Object[]> nullChecks_holdByTheKeyAlone() {
    return Stream.of(new Object[]{ExpressionType.ISNULL, "name", false},
        new Object[]{ExpressionType.ISNULL, "missing", true}, new Object[]{ExpressionType.ISNOTNULL, "name", true},
        new Object[]{ExpressionType.ISNOTNULL, "missing", false});
  }

  @Test
  void everyType_isTranslated() {
    FilterExpressionBuilder b = new FilterExpressionBuilder();
    for (ExpressionType type : ExpressionType.values()) {
      Expression expression = switch (type) {
        case AND -> b.and(b.eq("a", 1), b.eq("b", 2)).build();
        case OR -> b.or(b.eq("a", 1), b.eq("b", 2)).build();
        case NOT -> b.not(b.eq("a", 1)).build();
        case IN, NIN -> new Expression(type, new Key("a"), new Value(List.of(1, 2)));
        case ISNULL, ISNOTNULL -> new Expression(type, new Key("a"), null);
        default -> new Expression(type, new Key("a"), new Value(1));
      };
      assertThat(FilterTranslator.translate(expression)).as(type.name()).isNotNull();
    }
  }

  @Test
  void groups_areTranslatedAsWhatTheyHold() {
    Expression inner = new Expression(ExpressionType.EQ, new Key("name"), new Value("oboe"));
    Operand nested = inner;
    for (int i = 0; i < 100; i++) {
      nested = new Group(nested instanceof Expression expression
          ? expression
          : new Expression(ExpressionType.AND, nested, inner));
    }

    assertThat(FilterTranslator.translate(new Expression(ExpressionType.NOT, nested, null)).matches(OBOE, null))
        .isFalse();
  }

  @Test
  void chains_ofAnyLength_areFlat() {
    String chain = String.join(" || ", IntStream.range(0, 300).mapToObj(i -> "keys == " + i).toList());

    Filter filter = FilterTranslator.translate(new FilterExpressionTextParser().parse(chain));

    assertThat(filter).isInstanceOfSatisfying(Filter.Or.class, or -> assertThat(or.filters()).hasSize(300));
    assertThat(filter.matches(OBOE, null)).isTrue();
  }

  @Test
  @SuppressWarnings("JavaUtilDate") // Documents have such values.
  void values_areConvertedAsInMetadata() {
    Map<String, Object> document = Map.of("day", DayOfWeek.MONDAY, "at", new Date(1_700_000_000_123L));
    Metadata stored = MetadataValues.metadata(document);

    assertThat(stored.get("at")).isEqualTo("2023-11-14T22:13:20Z");
    document.forEach((key, value) -> assertThat(FilterTranslator
        .translate(new Expression(ExpressionType.EQ, new Key(key), new Value(value))).matches(stored, null)).isTrue());
    assertThat(FilterTranslator.translate(new FilterExpressionTextParser().parse("at >= '2023-11-14T22:13:20Z'"))
        .matches(stored, null)).isTrue();
  }

  @Test
  void expressions_thatAreNotWellFormed_areRefusedWithTheReason() {
    Expression condition = new Expression(ExpressionType.EQ, new Key("name"), new Value("oboe"));

    refused(new Expression(ExpressionType.EQ, new Key("name"), null), "needs a value");
    refused(new Expression(ExpressionType.EQ, condition, new Value("oboe")), "needs a key");
    refused(new Expression(ExpressionType.AND, condition, null), "one operand");
    refused(new Expression(ExpressionType.NOT, new Key("name"), null), "there is a key");
    refused(new Expression(ExpressionType.GT, new Key("double reed"), new Value(true)), "two numbers or two texts");
    refused(new Expression(ExpressionType.EQ, new Key("name"), new Value(Map.of("a", 1))), "an object");
  }

  private static void refused(Expression expression, String why) {
    assertThatThrownBy(() -> FilterTranslator.translate(expression)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(why);
  }
}
