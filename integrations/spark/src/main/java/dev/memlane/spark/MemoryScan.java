package dev.memlane.spark;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.orchestrator.MemoryReader;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** A planned read. Its partitions are ranges of ids with about as many memories each. */
final class MemoryScan implements Scan, Batch {

  private final ReadSettings settings;
  private final StructType schema;
  private final String filters;
  private final @Nullable Integer partitions;

  MemoryScan(ReadSettings settings, StructType schema, String filters, @Nullable Integer partitions) {
    this.settings = settings;
    this.schema = schema;
    this.filters = filters;
    this.partitions = partitions;
  }

  /** A range of ids; null is no bound. */
  record Range(@Nullable UUID from, @Nullable UUID to) implements InputPartition {}

  private record ReaderFactory(ReadSettings settings) implements PartitionReaderFactory {
    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      Range range = (Range) partition;
      return new MemoryPartitionReader(settings.database().openReader(), settings.selection(range.from, range.to),
          settings.columns(), settings.pageSize());
    }
  }

  @Override
  public StructType readSchema() {
    return schema;
  }

  @Override
  public String description() {
    return MemlaneSource.NAME + " " + settings.database() + ", pushed filters: " + filters;
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  @Override
  public InputPartition[] planInputPartitions() {
    if (settings.ids() != null) {
      return settings.ids().isEmpty() ? new InputPartition[0] : new InputPartition[]{new Range(null, null)};
    }
    int most = partitions == null ? SparkContext.getOrCreate().defaultParallelism() : partitions;
    try (MemoryReader reader = settings.database().openReader()) {
      List<MemorySelection> ranges = reader.divide(most).join();
      return ranges.stream().map(range -> new Range(value(range.from()), value(range.to())))
          .toArray(InputPartition[]::new);
    } catch (CompletionException e) {
      throw e.getCause() instanceof MemlaneException known ? known : e;
    }
  }

  private static @Nullable UUID value(@Nullable MemoryId id) {
    return id == null ? null : id.value();
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new ReaderFactory(settings);
  }

  @Override
  public String toString() {
    return description();
  }
}
