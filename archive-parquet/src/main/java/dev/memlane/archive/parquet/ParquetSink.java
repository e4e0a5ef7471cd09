package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveCounts;
import dev.memlane.archive.ArchiveSink;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Scope;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/** Writes an archive as Parquet, row group by row group. */
final class ParquetSink implements ArchiveSink {

  private static final int BUFFER = 1 << 16;

  private final CountedOutput output;
  private final List<RowGroup> groups = new ArrayList<>();
  private @Nullable Scope scope;
  private RowGroupWriter group = new RowGroupWriter();
  private long rows;

  ParquetSink(OutputStream output) {
    this.output = new CountedOutput(new BufferedOutputStream(output, BUFFER));
  }

  @Override
  public void begin(@Nullable Scope scope) throws IOException {
    this.scope = scope;
    output.write(FileFooter.MAGIC);
  }

  @Override
  public void write(ArchivedMemory memory) throws IOException {
    write(Rows.of(memory.row()));
    for (HistoryEntry entry : memory.history()) {
      write(Rows.of(entry));
    }
  }

  @Override
  public void write(Scope conversation, ArchivedMessage message) throws IOException {
    write(Rows.of(conversation, message));
  }

  private void write(Row row) throws IOException {
    group.write(row);
    if (group.isFull()) {
      endGroup();
    }
  }

  private void endGroup() throws IOException {
    if (group.rows() > 0) {
      rows += group.rows();
      groups.add(group.writeTo(output, groups.size()));
      group = new RowGroupWriter();
    }
  }

  @Override
  public void end(ArchiveCounts counts) throws IOException {
    endGroup();
    FileMetaData footer = new FileMetaData(1, ThriftSchema.elements(), rows, groups);
    footer.setCreated_by(FileFooter.CREATED_BY);
    footer.setColumn_orders(ThriftSchema.orders());
    put(footer, FileFooter.FORMAT_KEY, Integer.toString(FileFooter.FORMAT));
    put(footer, FileFooter.CHECKSUM_KEY, Long.toString(output.checksum()));
    put(footer, FileFooter.MEMORIES_KEY, Long.toString(counts.memories()));
    put(footer, FileFooter.DELETED_KEY, Long.toString(counts.deleted()));
    put(footer, FileFooter.MESSAGES_KEY, Long.toString(counts.messages()));
    if (scope != null) {
      put(footer, "memlane.user_id", scope.user());
      put(footer, "memlane.agent_id", scope.agent());
      put(footer, "memlane.run_id", scope.run());
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Util.writeFileMetaData(footer, bytes);
    if (bytes.size() > Limits.FOOTER || groups.size() > Limits.FOOTER_LIST) {
      throw new IOException("it is too large for one Parquet file; export each user to a file of its own, or export as "
          + "JSON Lines");
    }
    bytes.writeTo(output);
    output.write(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.size()).array());
    output.write(FileFooter.MAGIC);
    output.flush();
  }

  private static void put(FileMetaData footer, String key, @Nullable String value) {
    if (value != null) {
      footer.addToKey_value_metadata(new KeyValue(key).setValue(value));
    }
  }
}
