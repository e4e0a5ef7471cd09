package dev.memlane.lanes;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The resources that a tool call reads and writes. Two calls conflict if one writes what the other reads or writes;
 * such calls keep their order.
 *
 * <p>
 * Resources are named by paths: {@code a/b} is part of {@code a}. So a call that writes {@code a/b} conflicts with
 * one that reads {@code a}, but not with one that reads {@code a/c}. The empty path is everything. Paths are compared
 * as strings: make file names from a model absolute and normalized first.
 *
 * @param reads the paths that are read
 * @param writes the paths that are written, and may be read as well
 */
public record Access(List<String> reads, List<String> writes) {

  /** Above this number of pairs, the parents of each path are looked up instead. */
  private static final int FEW_PAIRS = 64;
  private static final Access NOTHING = new Access(List.of(), List.of());
  private static final Access EVERYTHING = new Access(List.of(), List.of(""));

  public Access {
    reads = List.copyOf(reads);
    writes = List.copyOf(writes);
  }

  /** No access to anything that another call could change or see. */
  public static Access nothing() {
    return NOTHING;
  }

  /** Access to anything: the call keeps its order with every call whose access is not {@link #nothing}. */
  public static Access everything() {
    return EVERYTHING;
  }

  /** Access that reads these paths. */
  public static Access reads(String... paths) {
    return new Access(List.of(paths), List.of());
  }

  /** Access that writes these paths, and may read them. */
  public static Access writes(String... paths) {
    return new Access(List.of(), List.of(paths));
  }

  /** The union of this access and another. */
  public Access and(Access other) {
    return new Access(concat(reads, other.reads), concat(writes, other.writes));
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  /** Whether it conflicts with every access that reads or writes anything. */
  boolean isEverything() {
    return writes.contains("");
  }

  boolean conflictsWith(Access other) {
    if (writes.isEmpty() && other.writes.isEmpty()) {
      return false;
    }
    return overlap(writes, other.writes) || overlap(writes, other.reads) || overlap(reads, other.writes);
  }

  private static boolean overlap(List<String> some, List<String> others) {
    if ((long) some.size() * others.size() > FEW_PAIRS) {
      return isAnyPartOf(some, Set.copyOf(others)) || isAnyPartOf(others, Set.copyOf(some));
    }
    for (String one : some) {
      for (String other : others) {
        if (isPartOf(one, other) || isPartOf(other, one)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isAnyPartOf(List<String> paths, Set<String> wholes) {
    if (wholes.contains("")) {
      return true;
    }
    for (String path : paths) {
      if (wholes.contains(path)) {
        return true;
      }
      for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        if (wholes.contains(path.substring(0, slash)) || wholes.contains(path.substring(0, slash + 1))) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isPartOf(String path, String whole) {
    return whole.isEmpty() || path.startsWith(whole)
        && (path.length() == whole.length() || path.charAt(whole.length()) == '/' || whole.endsWith("/"));
  }
}
