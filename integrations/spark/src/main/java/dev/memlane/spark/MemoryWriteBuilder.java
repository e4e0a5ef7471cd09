package dev.memlane.spark;

import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;

/** The beginning of a write, whose options and columns have been checked. Rows can only be appended. */
record MemoryWriteBuilder(DatabaseOptions database, WriteOptions options, RowConverter converter)
    implements
      WriteBuilder {

  @Override
  public Write build() {
    return new MemoryWrite(new MemoryDataWriterFactory(database, options, converter));
  }
}
