package dev.memlane.spark;

import java.util.Arrays;
import org.apache.spark.sql.connector.metric.CustomMetric;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriterCommitMessage;

/**
 * A write of one query. Each task stores its records before it reports success, so nothing is left to do when all have, and
 * nothing is undone when the job fails: the next job finds those memories by their keys.
 */
final class MemoryWrite implements Write, BatchWrite {

  private static final System.Logger LOGGER = System.getLogger(MemoryWrite.class.getName());

  private final MemoryDataWriterFactory factory;

  MemoryWrite(MemoryDataWriterFactory factory) {
    this.factory = factory;
  }

  @Override
  public String description() {
    return MemlaneSource.NAME + " " + factory;
  }

  @Override
  public BatchWrite toBatch() {
    return this;
  }

  @Override
  public CustomMetric[] supportedCustomMetrics() {
    return WriteMetrics.all();
  }

  @Override
  public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
    return factory;
  }

  @Override
  public void commit(WriterCommitMessage[] messages) {
    long stored = 0;
    long thereAlready = 0;
    long refused = 0;
    for (WriterCommitMessage message : messages) {
      if (message instanceof MemoryDataWriter.Counts counts) {
        stored += counts.stored();
        thereAlready += counts.thereAlready();
        refused += counts.refused();
      }
    }
    LOGGER.log(refused > 0 ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
        "A job stored {0} memories; {1} were there already, and {2} were refused.", stored, thereAlready, refused);
  }

  @Override
  public void abort(WriterCommitMessage[] messages) {
    LOGGER.log(System.Logger.Level.WARNING,
        "A job failed after {0} of its {1} tasks had stored their memories. They stay; run it again with the same keys, and "
            + "it adds what is missing.",
        Arrays.stream(messages).filter(message -> message != null).count(), messages.length);
  }

  @Override
  public String toString() {
    return description();
  }
}
