package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.spark.sql.sources.EqualNullSafe;
import org.apache.spark.sql.sources.EqualTo;
import org.apache.spark.sql.sources.Filter;
import org.apache.spark.sql.sources.In;
import org.apache.spark.sql.sources.IsNotNull;
import org.jspecify.annotations.Nullable;

/**
 * The filters of a query that the database applies: equality of user, agent, run and id, and ids of a list. Both compare texts
 * byte by byte. The others are Spark's. Not safe for use by several threads.
 */
final class PushedFilters {

  private static final String ID = "id";

  private final List<Filter> pushed = new ArrayList<>();
  private final List<Filter> rest = new ArrayList<>();
  private final Map<String, String> scope = new HashMap<>();
  private @Nullable List<UUID> ids;

  /** Takes the filters of a query, all of which hold. */
  PushedFilters(Filter[] filters) {
    List<Filter> left = new ArrayList<>();
    for (Filter filter : filters) {
      (take(filter) ? pushed : left).add(filter);
    }
    for (Filter filter : left) {
      // Spark adds these to an equality.
      boolean implied = filter instanceof IsNotNull notNull && isTaken(notNull.attribute());
      (implied ? pushed : rest).add(filter);
    }
  }

  private boolean take(Filter filter) {
    return switch (filter) {
      case EqualTo equal -> equal(equal.attribute(), equal.value());
      case EqualNullSafe equal -> equal.value() != null && equal(equal.attribute(), equal.value());
      case In in -> in.attribute().equals(ID) && ids(in.values());
      default -> false;
    };
  }

  private boolean equal(String column, Object value) {
    if (column.equals(ID)) {
      return ids(new Object[]{value});
    }
    if (!SourceOptions.SCOPE_PARTS.contains(column) || scope.containsKey(column)
        || !(value instanceof String name) || !isName(name)) {
      return false;
    }
    scope.put(column, name);
    return true;
  }

  /** A name that no scope can have is left to Spark, which finds nothing. */
  private static boolean isName(String name) {
    try {
      return name.equals(Scope.user(name).user());
    } catch (InvalidInputException e) {
      return false;
    }
  }

  private boolean ids(Object[] values) {
    if (ids != null || values.length > MemorySelection.MOST_IDS) {
      return false;
    }
    Set<UUID> found = new HashSet<>();
    for (Object value : values) {
      UUID id = value instanceof String text ? id(text) : null;
      if (id != null) {
        found.add(id);
      }
    }
    ids = List.copyOf(found);
    return true;
  }

  /** The id that is this text; null if no memory can have it. */
  private static @Nullable UUID id(String text) {
    try {
      MemoryId id = MemoryId.parse(text);
      // An id in capitals is equal as an id, but not as a text.
      return id.toString().equals(text) ? id.value() : null;
    } catch (InvalidInputException e) {
      return null;
    }
  }

  private boolean isTaken(String column) {
    return column.equals(ID) ? ids != null : scope.containsKey(column);
  }

  Filter[] pushed() {
    return pushed.toArray(Filter[]::new);
  }

  /** Those that Spark has to apply. */
  Filter[] rest() {
    return rest.toArray(Filter[]::new);
  }

  @Nullable
  String scope(String part) {
    return scope.get(part);
  }

  @Nullable
  List<UUID> ids() {
    return ids;
  }

  /** As plans show it. */
  @Override
  public String toString() {
    return Arrays.toString(pushed());
  }
}
