package dev.memlane.spark;

import java.util.Set;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * All memories of a database schema as a table. The rows that are written may have other columns than those that are read, so
 * {@link RowConverter} checks them, and not Spark. It keeps no options: each query brings its own.
 */
final class MemlaneTable implements SupportsRead, SupportsWrite {

  private final StructType schema;

  MemlaneTable(StructType schema) {
    this.schema = schema;
  }

  @Override
  public String name() {
    return MemlaneSource.NAME;
  }

  @Override
  public Column[] columns() {
    Column[] columns = new Column[schema.length()];
    StructField[] fields = schema.fields();
    for (int i = 0; i < columns.length; i++) {
      columns[i] = Column.create(fields[i].name(), fields[i].dataType(), fields[i].nullable());
    }
    return columns;
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(TableCapability.BATCH_READ, TableCapability.BATCH_WRITE, TableCapability.ACCEPT_ANY_SCHEMA);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
    return new MemoryScanBuilder(SourceOptions.of(options), schema);
  }

  @Override
  public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
    SourceOptions options = SourceOptions.of(info.options());
    WriteOptions write = options.write();
    write.embedder().check();
    if (write.sharedIndex() != null) {
      write.sharedIndex().check();
    }
    return new MemoryWriteBuilder(options.connection(), write, RowConverter.of(info.schema(), write));
  }

  @Override
  public String toString() {
    return name();
  }
}
