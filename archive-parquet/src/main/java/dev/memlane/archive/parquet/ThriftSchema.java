package dev.memlane.archive.parquet;

import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.format.ColumnOrder;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.JsonType;
import org.apache.parquet.format.ListType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.MicroSeconds;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.StringType;
import org.apache.parquet.format.TimeUnit;
import org.apache.parquet.format.TimestampType;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.TypeDefinedOrder;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/** The schema of an archive in the form that is in a file's footer. */
final class ThriftSchema {

  private ThriftSchema() {}

  /** The schema's elements, depth first; a new list. */
  static List<SchemaElement> elements() {
    List<SchemaElement> elements = new ArrayList<>();
    SchemaElement root = new SchemaElement(Column.SCHEMA.getName());
    root.setNum_children(Column.SCHEMA.getFieldCount());
    elements.add(root);
    Column.SCHEMA.getFields().forEach(field -> add(field, elements));
    return elements;
  }

  /** Says that least and greatest values are by the order of the types. */
  static List<ColumnOrder> orders() {
    return Column.ALL.stream().map(column -> ColumnOrder.TYPE_ORDER(new TypeDefinedOrder())).toList();
  }

  private static void add(org.apache.parquet.schema.Type type, List<SchemaElement> elements) {
    SchemaElement element = new SchemaElement(type.getName());
    element.setRepetition_type(FieldRepetitionType.valueOf(type.getRepetition().name()));
    switch (type.getLogicalTypeAnnotation()) {
      case LogicalTypeAnnotation.StringLogicalTypeAnnotation ignored -> {
        element.setConverted_type(ConvertedType.UTF8);
        element.setLogicalType(LogicalType.STRING(new StringType()));
      }
      case LogicalTypeAnnotation.JsonLogicalTypeAnnotation ignored -> {
        element.setConverted_type(ConvertedType.JSON);
        element.setLogicalType(LogicalType.JSON(new JsonType()));
      }
      case LogicalTypeAnnotation.TimestampLogicalTypeAnnotation ignored -> {
        element.setConverted_type(ConvertedType.TIMESTAMP_MICROS);
        element.setLogicalType(
            LogicalType.TIMESTAMP(new TimestampType(true, TimeUnit.MICROS(new MicroSeconds()))));
      }
      case LogicalTypeAnnotation.ListLogicalTypeAnnotation ignored -> {
        element.setConverted_type(ConvertedType.LIST);
        element.setLogicalType(LogicalType.LIST(new ListType()));
      }
      case null -> {
      }
      default -> throw new IllegalStateException("no column has the type " + type);
    }
    elements.add(element);
    if (type instanceof GroupType group) {
      element.setNum_children(group.getFieldCount());
      group.getFields().forEach(field -> add(field, elements));
    } else {
      element.setType(type(type.asPrimitiveType().getPrimitiveTypeName()));
    }
  }

  static Type type(PrimitiveTypeName name) {
    return switch (name) {
      case BINARY -> Type.BYTE_ARRAY;
      case INT32 -> Type.INT32;
      case INT64 -> Type.INT64;
      case BOOLEAN -> Type.BOOLEAN;
      case FLOAT -> Type.FLOAT;
      default -> throw new IllegalStateException("no column has the type " + name);
    };
  }
}
