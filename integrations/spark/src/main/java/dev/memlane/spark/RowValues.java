package dev.memlane.spark;

import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.MapData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** The conversion of Spark's values to Java's. Stateless. */
final class RowValues {

  private static final Set<DataType> WHOLE = Set.of(DataTypes.ByteType, DataTypes.ShortType, DataTypes.IntegerType,
      DataTypes.LongType);
  private static final Set<DataType> OTHER_SCALARS = Set.of(DataTypes.BooleanType, DataTypes.FloatType,
      DataTypes.DoubleType);
  private static final long MICROS = TimeUnit.SECONDS.toMicros(1);
  private static final long NANOS = TimeUnit.MICROSECONDS.toNanos(1);

  private RowValues() {}

  static boolean isText(DataType type) {
    return type instanceof StringType;
  }

  /** Whether a value of this type has one obvious text, of which a key can be made. */
  static boolean canBeKey(DataType type) {
    return isText(type) || WHOLE.contains(type) || type.equals(DataTypes.DateType);
  }

  /** Whether metadata can have such a value. */
  static boolean canBeMetadata(DataType type) {
    return type instanceof ArrayType array ? isScalar(array.elementType()) : isScalar(type);
  }

  private static boolean isScalar(DataType type) {
    return isText(type) || WHOLE.contains(type) || OTHER_SCALARS.contains(type);
  }

  /** Whether a value of this type can be the whole metadata: JSON, a map, or a struct. */
  static boolean canBeAllMetadata(DataType type) {
    if (type instanceof MapType map) {
      return isText(map.keyType()) && canBeMetadata(map.valueType());
    }
    if (type instanceof StructType struct) {
      for (StructField field : struct.fields()) {
        if (!canBeMetadata(field.dataType())) {
          return false;
        }
      }
      return true;
    }
    return isText(type);
  }

  /** A value of a type that {@link #canBeKey} as a text. */
  static String keyText(SpecializedGetters row, int ordinal, DataType type) {
    if (type.equals(DataTypes.DateType)) {
      return LocalDate.ofEpochDay(row.getInt(ordinal)).toString();
    }
    return String.valueOf(metadataValue(row, ordinal, type));
  }

  /** A value of a type that {@link #canBeMetadata}. */
  static @Nullable Object metadataValue(SpecializedGetters row, int ordinal, DataType type) {
    if (row.isNullAt(ordinal)) {
      return null;
    }
    if (type instanceof ArrayType array) {
      return list(row.getArray(ordinal), array.elementType());
    }
    if (isText(type)) {
      return row.getUTF8String(ordinal).toString();
    }
    if (type.equals(DataTypes.LongType)) {
      return row.getLong(ordinal);
    }
    if (type.equals(DataTypes.IntegerType)) {
      return row.getInt(ordinal);
    }
    if (type.equals(DataTypes.ShortType)) {
      return row.getShort(ordinal);
    }
    if (type.equals(DataTypes.ByteType)) {
      return row.getByte(ordinal);
    }
    if (type.equals(DataTypes.DoubleType)) {
      return row.getDouble(ordinal);
    }
    if (type.equals(DataTypes.FloatType)) {
      return row.getFloat(ordinal);
    }
    if (type.equals(DataTypes.BooleanType)) {
      return row.getBoolean(ordinal);
    }
    throw new IllegalStateException("values of " + type.catalogString() + " were refused before");
  }

  private static List<Object> list(ArrayData array, DataType type) {
    List<Object> values = new ArrayList<>(array.numElements());
    for (int i = 0; i < array.numElements(); i++) {
      Object value = metadataValue(array, i, type);
      if (value != null) {
        values.add(value);
      }
    }
    return values;
  }

  /** A map of texts as Spark has it. A null value is left out. */
  static Map<String, Object> map(MapData map, MapType type) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < map.numElements(); i++) {
      Object value = metadataValue(map.valueArray(), i, type.valueType());
      if (value != null) {
        values.put(map.keyArray().getUTF8String(i).toString(), value);
      }
    }
    return values;
  }

  /** The fields of a struct by name. A null value is left out. */
  static Map<String, Object> struct(SpecializedGetters struct, StructType type) {
    Map<String, Object> values = new LinkedHashMap<>();
    StructField[] fields = type.fields();
    for (int i = 0; i < fields.length; i++) {
      Object value = metadataValue(struct, i, fields[i].dataType());
      if (value != null) {
        values.put(fields[i].name(), value);
      }
    }
    return values;
  }

  /** A timestamp, which Spark has in microseconds. */
  static Instant instant(long micros) {
    return Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * NANOS);
  }

  /** A time as Spark's timestamp. */
  static long micros(Instant time) {
    return time.getEpochSecond() * MICROS + time.getNano() / NANOS;
  }
}
