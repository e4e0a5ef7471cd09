package dev.memlane.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;

/**
 * Opens the writer of each attempt of a task, in the executor. Immutable; sent with the job.
 *
 * <p>
 * The attempts need not know of each other: whichever write of a record comes first stores it.
 */
record MemoryDataWriterFactory(DatabaseOptions database, WriteOptions options, RowConverter converter)
    implements
      DataWriterFactory {

  @Override
  public DataWriter<InternalRow> createWriter(int partitionId, long taskId) {
    return new MemoryDataWriter(database.writer(options).open(), converter, options);
  }

  @Override
  public String toString() {
    return database + ", " + options.mode();
  }
}
