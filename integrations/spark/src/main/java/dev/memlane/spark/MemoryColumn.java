package dev.memlane.spark;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.StoredMemory;
import dev.memlane.storage.postgres.MetadataJson;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/** A column of the rows that are read, with its value as Spark has it. */
enum MemoryColumn {
  ID("id", false), USER("user", true), AGENT("agent", true), RUN("run", true), KEY("key", true), ACTOR("actor",
      true), CONTENT("content", false), METADATA("metadata", false), METADATA_JSON("metadata",
          false), OCCURRED_AT("occurredAt", true), CREATED_AT("createdAt", false), UPDATED_AT("updatedAt",
              false), EXPIRES_AT("expiresAt", true), VERSION("version", false), EMBEDDING("embedding", true);

  private final String column;
  private final boolean nullable;

  MemoryColumn(String column, boolean nullable) {
    this.column = column;
    this.nullable = nullable;
  }

  private DataType type() {
    return switch (this) {
      case ID, USER, AGENT, RUN, KEY, ACTOR, CONTENT, METADATA_JSON -> DataTypes.StringType;
      case METADATA -> DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType, false);
      case OCCURRED_AT, CREATED_AT, UPDATED_AT, EXPIRES_AT -> DataTypes.TimestampType;
      case VERSION -> DataTypes.IntegerType;
      case EMBEDDING -> DataTypes.createArrayType(DataTypes.FloatType, false);
    };
  }

  /** The columns of a read with these options. */
  static StructType schema(SourceOptions options) {
    boolean json = options.metadataForm() == SourceOptions.MetadataForm.JSON;
    List<StructField> fields = new ArrayList<>();
    for (MemoryColumn each : values()) {
      if (each != (json ? METADATA : METADATA_JSON) && (each != EMBEDDING || options.embeddings() != null)) {
        fields.add(DataTypes.createStructField(each.column, each.type(), each.nullable));
      }
    }
    return DataTypes.createStructType(fields);
  }

  /** The columns that a schema, which may have been pruned, consists of. */
  static List<MemoryColumn> of(StructType schema) {
    List<MemoryColumn> columns = new ArrayList<>();
    for (StructField field : schema.fields()) {
      for (MemoryColumn each : values()) {
        if (each.column.equals(field.name()) && each.type().equals(field.dataType())) {
          columns.add(each);
        }
      }
    }
    if (columns.size() != schema.length()) {
      throw new IllegalStateException(
          "Spark asks for columns that the source does not have: " + schema.catalogString());
    }
    return columns;
  }

  /** The value of a memory in this column. */
  @Nullable
  Object of(StoredMemory stored) {
    Memory memory = stored.memory();
    return switch (this) {
      case ID -> text(memory.id().toString());
      case USER -> text(memory.scope().user());
      case AGENT -> text(memory.scope().agent());
      case RUN -> text(memory.scope().run());
      case KEY -> text(memory.key());
      case ACTOR -> text(memory.actor());
      case CONTENT -> text(memory.content());
      case METADATA -> map(memory.metadata());
      case METADATA_JSON -> text(MetadataJson.write(memory.metadata()));
      case OCCURRED_AT -> time(memory.occurredAt());
      case CREATED_AT -> time(memory.createdAt());
      case UPDATED_AT -> time(memory.updatedAt());
      case EXPIRES_AT -> time(memory.expiresAt());
      case VERSION -> memory.version();
      case EMBEDDING -> vector(stored.embedding());
    };
  }

  private static @Nullable UTF8String text(@Nullable String text) {
    return text == null ? null : UTF8String.fromString(text);
  }

  private static @Nullable Long time(@Nullable Instant time) {
    return time == null ? null : RowValues.micros(time);
  }

  /** Texts are themselves, and other values are JSON. */
  private static ArrayBasedMapData map(Metadata metadata) {
    Map<String, ?> all = metadata.toMap();
    @Nullable
    Object[] keys = new @Nullable Object[all.size()];
    @Nullable
    Object[] values = new @Nullable Object[all.size()];
    int i = 0;
    for (Map.Entry<String, ?> entry : all.entrySet()) {
      Object value = entry.getValue();
      keys[i] = text(entry.getKey());
      values[i++] = text(value instanceof String string ? string : MetadataJson.writeValue(value));
    }
    return new ArrayBasedMapData(new GenericArrayData(keys), new GenericArrayData(values));
  }

  private static @Nullable Object vector(@Nullable Embedding embedding) {
    return embedding == null ? null : UnsafeArrayData.fromPrimitiveArray(embedding.vector());
  }

  /** Whether it is the vector's. */
  boolean isEmbedding() {
    return this == EMBEDDING;
  }
}
