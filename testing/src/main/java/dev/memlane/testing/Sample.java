package dev.memlane.testing;

import java.util.List;
import java.util.stream.IntStream;

/**
 * What a test takes of many expensive cases: some, always the same, in every build; all of them with
 * {@code -Dmemlane.sample=all}, as {@code perf-tests/run samples} says.
 */
public final class Sample {

  private static final boolean ALL = "all".equals(System.getProperty("memlane.sample"));

  private Sample() {}

  /** Returns one of two numbers: that of every build, or that of all cases. */
  public static int of(int some, int all) {
    return ALL ? all : some;
  }

  /** Returns the first case and each so many after it, or all cases. */
  public static <T> List<T> oneIn(int step, List<T> all) {
    return IntStream.range(0, all.size()).filter(i -> ALL || i % step == 0).mapToObj(all::get).toList();
  }
}
