package dev.memlane.archive.parquet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ColumnWriter;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.column.page.PageWriteStore;
import org.apache.parquet.column.page.PageWriter;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.io.ParquetEncodingException;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

/** One row group, in memory until it is written. */
final class RowGroupWriter implements PageWriteStore {

  /** The size at which a row group ends, in MB. */
  static final int ROW_GROUP_MEGABYTES = 64;

  private static final long FULL = (long) ROW_GROUP_MEGABYTES << 20;
  private static final ParquetProperties PROPERTIES = properties();

  private final Map<ColumnDescriptor, ChunkWriter> chunks = new HashMap<>();
  private final ColumnWriteStore store;
  private final List<ColumnWriter> writers = new ArrayList<>();
  private long rows;

  RowGroupWriter() {
    Column.ALL.forEach(column -> chunks.put(column.descriptor(), new ChunkWriter(column)));
    store = PROPERTIES.newColumnWriteStore(Column.SCHEMA, this);
    Column.ALL.forEach(column -> writers.add(store.getColumnWriter(column.descriptor())));
  }

  private static ParquetProperties properties() {
    // Pages are looked at after each row, because rows vary from some bytes to many megabytes.
    ParquetProperties.Builder builder = ParquetProperties.builder()
        .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_1_0).withPageSize(Limits.PAGE_TARGET)
        .withDictionaryPageSize(Limits.DICTIONARY_TARGET).withDictionaryEncoding(false)
        .withMinRowCountForPageSizeCheck(1).withMaxRowCountForPageSizeCheck(1).estimateRowCountForPageSizeCheck(false);
    Column.ALL.stream().filter(Column::hasDictionary)
        .forEach(column -> builder.withDictionaryEncoding(column.dotted(), true));
    return builder.build();
  }

  @Override
  public PageWriter getPageWriter(ColumnDescriptor descriptor) {
    ChunkWriter chunk = chunks.get(descriptor);
    if (chunk == null) {
      throw new IllegalArgumentException("there is no column " + descriptor);
    }
    return chunk;
  }

  @Override
  public void close() {
    // Pages are on the heap.
  }

  void write(Row row) throws IOException {
    try {
      append(row);
    } catch (ParquetEncodingException e) {
      throw new IOException(e.getCause() instanceof IOException cause ? cause.getMessage() : e.getMessage(), e);
    }
  }

  private void append(Row row) {
    for (Column column : Column.ALL) {
      ColumnWriter writer = writers.get(column.place());
      Object value = row.get(column);
      int level = column.descriptor().getMaxDefinitionLevel();
      switch (value) {
        case null -> writer.writeNull(0, nullLevel(column, row));
        case String text -> writer.write(Binary.fromString(text), 0, level);
        case byte[] bytes -> writer.write(Binary.fromConstantByteArray(bytes), 0, level);
        case Long number -> writer.write(number, 0, level);
        case Integer number -> writer.write(number, 0, level);
        case Boolean flag -> writer.write(flag, 0, level);
        case float[] numbers -> {
          for (int i = 0; i < numbers.length; i++) {
            writer.write(numbers[i], i == 0 ? 0 : 1, level);
          }
        }
        default -> throw new IllegalArgumentException("no column holds " + value.getClass());
      }
    }
    store.endRecord();
    rows++;
  }

  private static int nullLevel(Column column, Row row) {
    return column.isInGroup() && row.hasGroup(column) ? 1 : 0;
  }

  boolean isFull() {
    return store.getBufferedSize() >= FULL;
  }

  long rows() {
    return rows;
  }

  /** Writes all columns, and describes them for the footer. */
  RowGroup writeTo(CountedOutput output, int ordinal) throws IOException {
    store.flush();
    store.close();
    long start = output.position();
    List<ColumnChunk> written = new ArrayList<>();
    long uncompressed = 0;
    for (Column column : Column.ALL) {
      ChunkWriter chunk = chunk(column);
      written.add(chunk.writeTo(output));
      uncompressed += chunk.uncompressed();
    }
    RowGroup group = new RowGroup(written, uncompressed, rows);
    group.setFile_offset(start);
    group.setTotal_compressed_size(output.position() - start);
    group.setOrdinal((short) ordinal);
    return group;
  }

  private ChunkWriter chunk(Column column) {
    @Nullable
    ChunkWriter chunk = chunks.get(column.descriptor());
    if (chunk == null) {
      throw new IllegalStateException("every column has a chunk");
    }
    return chunk;
  }
}
