package dev.memlane.langchain4j;

import static dev.langchain4j.store.embedding.filter.Filter.and;
import static dev.langchain4j.store.embedding.filter.Filter.not;
import static dev.langchain4j.store.embedding.filter.Filter.or;
import static dev.langchain4j.store.embedding.filter.MetadataFilterBuilder.metadataKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.store.embedding.filter.Filter;
import dev.langchain4j.store.embedding.filter.comparison.ContainsString;
import dev.langchain4j.store.embedding.filter.comparison.IsEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsGreaterThan;
import dev.langchain4j.store.embedding.filter.comparison.IsGreaterThanOrEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsIn;
import dev.langchain4j.store.embedding.filter.comparison.IsLessThan;
import dev.langchain4j.store.embedding.filter.comparison.IsLessThanOrEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsNotEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsNotIn;
import dev.memlane.model.InvalidInputException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FilterTranslatorTest {

  /** For each type a key of its own, because LangChain4j's filters throw where the types differ. */
  private static final List<List<?>> VALUES = List.of(List.of("a", "ab", "b", "", "ß", "true"),
      List.of(new UUID(1, 2), new UUID(1, 3)), List.of(-1, 0, 1, 2), List.of(-1L, 0L, 1L, (1L << 53) - 1),
      List.of(-1.5f, 0f, 1f, 1.23f), List.of(-1.5d, 0d, 1d, 1.23d),
      List.of(1L << 53, (1L << 53) + 1, Long.MAX_VALUE, Long.MAX_VALUE - 1, Long.MIN_VALUE, 7L));

  @Test
  void translate_ofRandomFilters_meansWhatLangChain4jMeans() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      Filter filter = filter(random, 3);
      Metadata metadata = metadata(random);

      assertThat(FilterTranslator.translate(filter).matches(MetadataCodec.encode(metadata, true), null))
          .as("seed %d, %s, %s", seed, filter, metadata).isEqualTo(filter.test(metadata));
    }
  }

  private static Metadata metadata(Random random) {
    Map<String, Object> values = new HashMap<>();
    for (int type = 0; type < VALUES.size(); type++) {
      if (random.nextBoolean()) {
        values.put("key" + type, value(random, type));
      }
    }
    return Metadata.from(values);
  }

  private static Object value(Random random, int type) {
    return VALUES.get(type).get(random.nextInt(VALUES.get(type).size()));
  }

  private static Filter filter(Random random, int depth) {
    if (depth > 0 && random.nextInt(3) > 0) {
      return switch (random.nextInt(3)) {
        case 0 -> and(filter(random, depth - 1), filter(random, depth - 1));
        case 1 -> or(filter(random, depth - 1), filter(random, depth - 1));
        default -> not(filter(random, depth - 1));
      };
    }
    int type = random.nextInt(VALUES.size());
    String key = "key" + type;
    Object value = value(random, type);
    List<Object> values = List.of(value, value(random, type));
    boolean ordered = !(value instanceof UUID) && !(value instanceof Long whole && !MetadataCodec.isExact(whole));
    return switch (random.nextInt(ordered ? 9 : 4)) {
      case 0 -> new IsEqualTo(key, value);
      case 1 -> new IsNotEqualTo(key, value);
      case 2 -> new IsIn(key, values);
      case 3 -> new IsNotIn(key, values);
      case 4 -> new IsGreaterThan(key, (Comparable<?>) value);
      case 5 -> new IsGreaterThanOrEqualTo(key, (Comparable<?>) value);
      case 6 -> new IsLessThan(key, (Comparable<?>) value);
      case 7 -> new IsLessThanOrEqualTo(key, (Comparable<?>) value);
      default -> type == 0 ? new ContainsString(key, (String) value) : new IsEqualTo(key, value);
    };
  }

  @Test
  void translate_ofNumbers_comparesThemByValueWhateverTheirClass() {
    dev.memlane.model.Metadata one = MetadataCodec.encode(new Metadata().put("key", 1.23f), true);

    assertThat(FilterTranslator.translate(metadataKey("key").isEqualTo(1.23d)).matches(one, null)).isTrue();
    assertThat(FilterTranslator.translate(metadataKey("key").isLessThan(2)).matches(one, null)).isTrue();
    assertThat(FilterTranslator.translate(metadataKey("key").isEqualTo("1.23")).matches(one, null)).isFalse();
  }

  @Test
  void translate_ofALongChain_doesNotNestIt() {
    Filter all = IntStream.range(0, 500).mapToObj(i -> metadataKey("key" + i).isEqualTo(i))
        .reduce((a, b) -> a.and(b)).orElseThrow();
    Filter any = IntStream.range(0, 500).mapToObj(i -> metadataKey("key" + i).isEqualTo(i))
        .reduce((a, b) -> a.or(b)).orElseThrow();

    assertThat(FilterTranslator.translate(all)).isInstanceOfSatisfying(dev.memlane.model.Filter.And.class,
        and -> assertThat(and.filters()).hasSize(500));
    assertThat(FilterTranslator.translate(any)).isInstanceOfSatisfying(dev.memlane.model.Filter.Or.class,
        or -> assertThat(or.filters()).hasSize(500));
  }

  @Test
  void translate_ofManyValues_isNotBoundByTheLimitOfOneFilter() {
    List<Integer> values = IntStream.range(0, 2_500).boxed().toList();

    dev.memlane.model.Filter in = FilterTranslator.translate(metadataKey("key").isIn(values));

    assertThat(in.matches(MetadataCodec.encode(new Metadata().put("key", 2_499), true), null)).isTrue();
    assertThat(in.matches(MetadataCodec.encode(new Metadata().put("key", 2_500), true), null)).isFalse();
  }

  @Test
  void translate_ofWhatCannotBeComparedExactly_refusesWithTheReason() {
    assertThatThrownBy(() -> FilterTranslator.translate(metadataKey("key").isGreaterThan(Long.MAX_VALUE)))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("exactly up to 2^53");
    assertThatThrownBy(() -> FilterTranslator.translate(new IsLessThan("key", new UUID(1, 2))))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("UUID");
    Filter unknown = object -> true;
    assertThatThrownBy(() -> FilterTranslator.translate(unknown)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("combine LangChain4j's own filters");
  }
}
