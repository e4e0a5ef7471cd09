package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.storage.postgres.MetadataJson;
import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * The conversion of rows of one schema to memories. Whether rows of the schema can be converted is checked once, when the query
 * is planned. Immutable; sent to the executors.
 */
final class RowConverter implements Serializable {

  private static final long serialVersionUID = 1;

  private static final String CONTENT = "content";
  private static final String KEY = "key";
  private static final String ACTOR = "actor";
  private static final String METADATA = "metadata";
  private static final String OCCURRED_AT = "occurredAt";
  private static final String EXPIRES_AT = "expiresAt";
  private static final List<String> COLUMNS = List.of(CONTENT, KEY, "user", "agent", "run", ACTOR, METADATA,
      OCCURRED_AT, EXPIRES_AT);

  private final StructType schema;
  /** The position of each known column that the rows have, by its name. */
  private final HashMap<String, Integer> positions;
  /** The positions of the columns of the key, in the order of the option. */
  private final int[] keys;
  /** The positions of the columns that become metadata. */
  private final int[] metadata;
  private final HashMap<String, String> scope;

  private RowConverter(StructType schema, Map<String, Integer> positions, List<Integer> keys, List<Integer> metadata,
      Map<String, String> scope) {
    this.schema = schema;
    this.positions = new HashMap<>(positions);
    this.keys = keys.stream().mapToInt(Integer::intValue).toArray();
    this.metadata = metadata.stream().mapToInt(Integer::intValue).toArray();
    this.scope = new HashMap<>(scope);
  }

  /**
   * Checks a schema.
   *
   * @throws InvalidInputException if its rows can't be converted; the message names all that is wrong, and what to do
   */
  static RowConverter of(StructType schema, WriteOptions options) {
    return new Check(schema, options).converter();
  }

  /** One check of a schema, which collects what is wrong. */
  private static final class Check {
    private final StructType schema;
    private final WriteOptions options;
    private final List<String> wrong = new ArrayList<>();
    private final Map<String, Integer> positions = new HashMap<>();

    Check(StructType schema, WriteOptions options) {
      this.schema = schema;
      this.options = options;
    }

    RowConverter converter() {
      List<Integer> keys = named(SourceOptions.KEY_COLUMNS, options.keys(), RowValues::canBeKey,
          "a text, a whole number or a date");
      List<Integer> metadata = named(SourceOptions.METADATA_COLUMNS, options.metadata(), RowValues::canBeMetadata,
          "a text, a number, a boolean or an array of those");
      findColumns(keys, metadata);
      if (!positions.containsKey(CONTENT)) {
        wrong.add("there is no column content; rename the column that has the text");
      }
      if (keys.isEmpty()) {
        Integer key = positions.get(KEY);
        if (key == null) {
          wrong.add("there is no column key, and without keys a repeated task would store its records again; name the "
              + "columns that identify a record in the option " + SourceOptions.KEY_COLUMNS);
        } else {
          keys = List.of(key);
        }
      }
      checkScope();
      if (!wrong.isEmpty()) {
        throw new InvalidInputException("these rows can't be written as memories: " + String.join("; ", wrong));
      }
      return new RowConverter(schema, positions, keys, metadata, options.scope());
    }

    private List<Integer> named(String option, List<String> names, Predicate<DataType> fits, String needed) {
      List<Integer> found = new ArrayList<>();
      for (String name : names) {
        int position = position(name);
        if (position < 0) {
          wrong.add("the option " + option + " names a column \"" + name + "\", which isn't there");
        } else if (found.contains(position)) {
          wrong.add("the option " + option + " names the column \"" + name + "\" twice");
        } else {
          require(position, fits, needed);
          found.add(position);
        }
      }
      return found;
    }

    private int position(String name) {
      for (int i = 0; i < schema.length(); i++) {
        if (schema.fields()[i].name().equalsIgnoreCase(name)) {
          return i;
        }
      }
      return -1;
    }

    private void require(int position, Predicate<DataType> fits, String needed) {
      StructField field = schema.fields()[position];
      if (!fits.test(field.dataType())) {
        wrong.add("the column " + field.name() + " is " + field.dataType().catalogString() + ", but must be " + needed
            + "; cast it");
      }
    }

    private void findColumns(List<Integer> keys, List<Integer> metadata) {
      Set<String> names = new HashSet<>();
      for (int i = 0; i < schema.length(); i++) {
        String given = schema.fields()[i].name();
        String known = COLUMNS.stream().filter(given::equalsIgnoreCase).findFirst().orElse(null);
        if (known != null && !names.add(known)) {
          wrong.add("there are two columns " + known);
        } else if (known == null || known.equals(KEY) && !options.keys().isEmpty()) {
          if (!keys.contains(i) && !metadata.contains(i)) {
            wrong.add("the column " + given + " has no meaning here; drop it, or name it in the option "
                + SourceOptions.METADATA_COLUMNS + " or " + SourceOptions.KEY_COLUMNS + (known == null
                    ? " (known are " + String.join(", ", COLUMNS) + ")"
                    : ", which replaces it"));
          }
        } else {
          positions.put(known, i);
          checkType(known, i);
        }
      }
    }

    private void checkType(String column, int position) {
      switch (column) {
        case METADATA -> require(position, RowValues::canBeAllMetadata,
            "a map from text to texts, numbers, booleans or arrays of those, a struct of those, or a text with JSON");
        case OCCURRED_AT, EXPIRES_AT -> require(position, DataTypes.TimestampType::equals, "a timestamp");
        default -> require(position, RowValues::isText, "a text");
      }
    }

    private void checkScope() {
      boolean any = !options.scope().isEmpty();
      for (String part : SourceOptions.SCOPE_PARTS) {
        boolean column = positions.containsKey(part);
        if (column && options.scope().containsKey(part)) {
          wrong.add("there is a column " + part + " and an option " + SourceOptions.SCOPE + part
              + "; leave one of them out");
        }
        any |= column;
      }
      if (!any) {
        wrong.add("a memory needs a scope: have a column user, agent or run, or set the option " + SourceOptions.SCOPE
            + "user, " + SourceOptions.SCOPE + "agent or " + SourceOptions.SCOPE + "run");
      }
    }
  }

  /**
   * The key of a row, which depends on the row alone: the column's value, or the values of several columns with slashes between
   * them. In these, a tilde becomes {@code ~0} and a slash {@code ~1}, so that different values make different keys.
   *
   * @throws InvalidInputException if a column of the key is null
   */
  String key(InternalRow row) {
    List<String> parts = new ArrayList<>(keys.length);
    for (int position : keys) {
      StructField field = schema.fields()[position];
      if (row.isNullAt(position)) {
        throw new InvalidInputException("the column " + field.name() + ", which identifies a record, is null");
      }
      parts.add(RowValues.keyText(row, position, field.dataType()));
    }
    if (parts.size() == 1) {
      return parts.getFirst();
    }
    return String.join("/", parts.stream().map(part -> part.replace("~", "~0").replace("/", "~1")).toList());
  }

  /**
   * Converts a row, of which nothing is kept.
   *
   * @throws InvalidInputException if no memory can be made of the row
   */
  NewMemory convert(InternalRow row, String key) {
    String content = text(row, CONTENT);
    if (content == null) {
      throw new InvalidInputException("the content is null");
    }
    return NewMemory.builder(content, new Scope(scopePart(row, "user"), scopePart(row, "agent"), scopePart(row, "run")))
        .key(key).actor(text(row, ACTOR)).metadata(metadata(row)).occurredAt(time(row, OCCURRED_AT))
        .expiresAt(time(row, EXPIRES_AT)).build();
  }

  private @Nullable String scopePart(InternalRow row, String part) {
    String constant = scope.get(part);
    return constant == null ? text(row, part) : constant;
  }

  private @Nullable String text(InternalRow row, String column) {
    Integer position = positions.get(column);
    return position == null || row.isNullAt(position) ? null : row.getUTF8String(position).toString();
  }

  private @Nullable Instant time(InternalRow row, String column) {
    Integer position = positions.get(column);
    return position == null || row.isNullAt(position) ? null : RowValues.instant(row.getLong(position));
  }

  private Metadata metadata(InternalRow row) {
    Metadata all = Metadata.empty();
    Integer position = positions.get(METADATA);
    if (position != null && !row.isNullAt(position)) {
      DataType type = schema.fields()[position].dataType();
      all = type instanceof MapType map
          ? Metadata.of(RowValues.map(row.getMap(position), map))
          : type instanceof StructType struct
              ? Metadata.of(RowValues.struct(row.getStruct(position, struct.length()), struct))
              : MetadataJson.read(row.getUTF8String(position).toString());
    }
    if (metadata.length == 0) {
      return all;
    }
    Map<String, Object> values = new LinkedHashMap<>(all.toMap());
    for (int further : metadata) {
      StructField field = schema.fields()[further];
      Object value = RowValues.metadataValue(row, further, field.dataType());
      if (value != null) {
        values.put(field.name(), value);
      }
    }
    return Metadata.of(values);
  }
}
