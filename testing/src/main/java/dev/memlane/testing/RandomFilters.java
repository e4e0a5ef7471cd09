package dev.memlane.testing;

import dev.memlane.model.Filter;
import dev.memlane.model.Metadata;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Random metadata, times and filters with few keys and values, so that they often match. */
public final class RandomFilters {

  private static final List<String> KEYS = List.of("a", "b", "key with ' \" : ?", "\u00FCber");
  private static final List<Object> SCALARS = List.of("x", "y", "X", "", "10", "true", "z\uFFFD", "z\uD83D\uDE00",
      "50% of x_y\\", 1, 2,
      10, -3, 2.5, 1e300, 1e17, 0.1, true, false);

  /** Parts of texts, some with characters that have a meaning in patterns. */
  private static final List<String> PARTS = List.of("x", "X", "z", "1", "true", "\uD83D\uDE00", "\uFFFD", "% ", "x_",
      "_",
      "\\", "%", "*", ".", " of x");

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final int TIMES = 6;
  /** The first and last times that can be stored, the days at which calendars change, and one recent time. */
  private static final List<Instant> AGES = List.of(Instant.parse("0001-01-01T00:00:00.000010Z"),
      Instant.parse("1066-10-14T12:00:00Z"), Instant.parse("1582-10-04T23:59:59.999999Z"),
      Instant.parse("1582-10-10T00:00:00Z"), Instant.parse("1582-10-15T00:00:00Z"), Instant.EPOCH, NOON,
      Instant.parse("9999-12-31T23:59:59.999900Z"));

  private RandomFilters() {}

  /** A random time; sometimes null. */
  public static @Nullable Instant time(Random random) {
    int time = random.nextInt(TIMES + 1);
    return time == TIMES
        ? null
        : AGES.get(random.nextInt(AGES.size())).plus(time - TIMES / 2, ChronoUnit.MICROS);
  }

  public static Metadata metadata(Random random) {
    Metadata metadata = Metadata.empty();
    for (String key : KEYS) {
      switch (random.nextInt(4)) {
        case 0 -> metadata = metadata.with(key, scalar(random));
        case 1 -> metadata = metadata.with(key, scalars(random, random.nextInt(4)));
        default -> {
          // The key stays absent.
        }
      }
    }
    return metadata;
  }

  /**
   * A random filter.
   *
   * @param depth how deep it may be nested
   */
  public static Filter filter(Random random, int depth) {
    String key = KEYS.get(random.nextInt(KEYS.size()));
    return switch (random.nextInt(depth > 0 ? 10 : 7)) {
      case 0 -> Filter.equal(key, scalar(random));
      case 1 -> Filter.in(key, scalars(random, random.nextInt(4)).toArray());
      case 2, 3 -> range(random, key);
      case 4 -> Filter.exists(key);
      case 5 -> occurred(random);
      case 6 -> Filter.contains(key, PARTS.get(random.nextInt(PARTS.size())));
      case 7 -> new Filter.And(filters(random, depth - 1));
      case 8 -> new Filter.Or(filters(random, depth - 1));
      default -> Filter.not(filter(random, depth - 1));
    };
  }

  private static Filter range(Random random, String key) {
    boolean text = random.nextBoolean();
    List<Object> bounds = SCALARS.stream()
        .filter(scalar -> text ? scalar instanceof String : scalar instanceof Number).toList();
    Object from = bounds.get(random.nextInt(bounds.size()));
    Object to = bounds.get(random.nextInt(bounds.size()));
    return switch (random.nextInt(3)) {
      case 0 -> new Filter.Range(key, from, random.nextBoolean(), null, false);
      case 1 -> new Filter.Range(key, null, false, to, random.nextBoolean());
      default -> new Filter.Range(key, from, random.nextBoolean(), to, random.nextBoolean());
    };
  }

  /** A filter on time, with bounds that may lie between microseconds. */
  private static Filter occurred(Random random) {
    Instant from = time(random);
    Instant to = time(random);
    boolean swapped = from != null && to != null && to.isBefore(from);
    Instant begin = swapped ? to : from == null && to == null ? NOON : from;
    Instant end = swapped ? from : to;
    return new Filter.Occurred(begin == null ? null : begin.minusNanos(random.nextInt(2)),
        end == null ? null : end.plusNanos(random.nextInt(2)));
  }

  private static List<Filter> filters(Random random, int depth) {
    List<Filter> filters = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      filters.add(filter(random, depth));
    }
    return filters;
  }

  private static List<Object> scalars(Random random, int count) {
    List<Object> scalars = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      scalars.add(scalar(random));
    }
    return scalars;
  }

  private static Object scalar(Random random) {
    return SCALARS.get(random.nextInt(SCALARS.size()));
  }
}
