package dev.memlane.archive.parquet;

import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BOOLEAN;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.FLOAT;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;

import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.jspecify.annotations.Nullable;

/** The columns of an archive, in their order. {@link ParquetArchive} describes them. */
enum Column {
  RECORD(Kind.NAME, "record"), ID(Kind.TEXT, "id"), USER_ID(Kind.NAME, "user_id"), AGENT_ID(Kind.NAME,
      "agent_id"), RUN_ID(Kind.NAME, "run_id"), KEY(Kind.TEXT, "key"), ACTOR(Kind.NAME, "actor"), CONTENT(Kind.TEXT,
          "content"), METADATA(Kind.JSON, "metadata"), OCCURRED_AT(Kind.TIME, "occurred_at"), CREATED_AT(Kind.TIME,
              "created_at"), UPDATED_AT(Kind.TIME, "updated_at"), EXPIRES_AT(Kind.TIME,
                  "expires_at"), UNIQUE_CONTENT(Kind.FLAG, "unique_content"), VERSION(Kind.NUMBER,
                      "version"), OP(Kind.TEXT, "op"), VECTOR_MODEL(Kind.NAME, "vector_model"), VECTOR_OF(Kind.TEXT,
                          "vector_of"), VECTOR(Kind.FLOATS, "vector"), CHANGE_KIND(Kind.NAME,
                              "change_kind"), OLD_CONTENT(Kind.TEXT, "old_content"), NEW_CONTENT(Kind.TEXT,
                                  "new_content"), OLD_METADATA(Kind.JSON, "old_metadata"), NEW_METADATA(Kind.JSON,
                                      "new_metadata"), OLD_ACTOR(Kind.NAME, "old_details", "actor"), OLD_OCCURRED_AT(
                                          Kind.TIME, "old_details", "occurred_at"), OLD_EXPIRES_AT(Kind.TIME,
                                              "old_details", "expires_at"), NEW_ACTOR(Kind.NAME, "new_details",
                                                  "actor"), NEW_OCCURRED_AT(Kind.TIME, "new_details",
                                                      "occurred_at"), NEW_EXPIRES_AT(Kind.TIME, "new_details",
                                                          "expires_at"), CHANGED_BY(Kind.NAME,
                                                              "changed_by"), CHANGED_AT(Kind.TIME,
                                                                  "changed_at"), POSITION(Kind.LONG_NUMBER,
                                                                      "position"), ROLE(Kind.NAME, "role"), TEXT(
                                                                          Kind.TEXT, "text"), TEXT_UTF16(Kind.BYTES,
                                                                              "text_utf16"), FORMAT(Kind.NAME,
                                                                                  "format"), PAYLOAD(Kind.TEXT,
                                                                                      "payload"), PAYLOAD_UTF16(
                                                                                          Kind.BYTES,
                                                                                          "payload_utf16"), IN_WINDOW(
                                                                                              Kind.FLAG, "in_window");

  /** What a column holds. */
  enum Kind {
    /** A short text that often repeats, and so is worth a dictionary. */
    NAME, TEXT, JSON, BYTES,
    /** In microseconds. */
    TIME, NUMBER, LONG_NUMBER, FLAG, FLOATS;

    private PrimitiveTypeName type() {
      return switch (this) {
        case NAME, TEXT, JSON, BYTES -> BINARY;
        case TIME, LONG_NUMBER -> INT64;
        case NUMBER -> INT32;
        case FLAG -> BOOLEAN;
        case FLOATS -> FLOAT;
      };
    }

    private @Nullable LogicalTypeAnnotation logicalType() {
      return switch (this) {
        case NAME, TEXT -> LogicalTypeAnnotation.stringType();
        case JSON -> LogicalTypeAnnotation.jsonType();
        case TIME -> LogicalTypeAnnotation.timestampType(true, TimeUnit.MICROS);
        case BYTES, NUMBER, LONG_NUMBER, FLAG, FLOATS -> null;
      };
    }
  }

  /** The columns by their place. */
  static final List<Column> ALL = List.of(values());
  static final MessageType SCHEMA = schema();

  private static final List<ColumnDescriptor> DESCRIPTORS = ALL.stream()
      .map(column -> SCHEMA.getColumnDescription(column.path().toArray(String[]::new))).toList();
  private static final String LIST = "list";
  private static final String ELEMENT = "element";

  private final Kind kind;
  private final @Nullable String group;
  private final String name;

  Column(Kind kind, String name) {
    this(kind, null, name);
  }

  Column(Kind kind, @Nullable String group, String name) {
    this.kind = kind;
    this.group = group;
    this.name = name;
  }

  /** Its place among the columns, from 0. */
  @SuppressWarnings("EnumOrdinal") // The order of the columns is that of the format.
  int place() {
    return ordinal();
  }

  Kind kind() {
    return kind;
  }

  /** Whether its texts are in a dictionary. */
  boolean hasDictionary() {
    return kind == Kind.NAME;
  }

  /** Whether every row has a value. */
  boolean isRequired() {
    return this == RECORD || this == ID;
  }

  /** Whether it is in a group that may be missing as a whole. */
  boolean isInGroup() {
    return group != null;
  }

  /** The column's path in the schema. */
  List<String> path() {
    if (kind == Kind.FLOATS) {
      return List.of(name, LIST, ELEMENT);
    }
    return group == null ? List.of(name) : List.of(group, name);
  }

  /** The path with dots. */
  String dotted() {
    return String.join(".", path());
  }

  ColumnDescriptor descriptor() {
    return DESCRIPTORS.get(place());
  }

  private Type type() {
    Types.PrimitiveBuilder<PrimitiveType> builder = isRequired() || kind == Kind.FLOATS
        ? Types.required(kind.type())
        : Types.optional(kind.type());
    return builder.as(kind.logicalType()).named(path().getLast());
  }

  private static MessageType schema() {
    Types.MessageTypeBuilder schema = Types.buildMessage();
    int at = 0;
    while (at < ALL.size()) {
      Column column = ALL.get(at);
      String group = column.group;
      if (group != null) {
        Types.GroupBuilder<GroupType> builder = Types.optionalGroup();
        for (; at < ALL.size() && group.equals(ALL.get(at).group); at++) {
          builder.addField(ALL.get(at).type());
        }
        schema.addField(builder.named(group));
        continue;
      }
      if (column.kind == Kind.FLOATS) {
        schema.addField(Types.optionalGroup().as(LogicalTypeAnnotation.listType())
            .addField(Types.repeatedGroup().addField(column.type()).named(LIST)).named(column.name));
      } else {
        schema.addField(column.type());
      }
      at++;
    }
    return schema.named("memlane");
  }
}
