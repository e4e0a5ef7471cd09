package dev.memlane.archive.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/**
 * A file whose checksums are right, and whose contents are whatever a test wants. Without changes it is an archive with one
 * deleted row. Not safe for use by several threads.
 */
final class ForgedFile {

  /** A page of one value, unpacked. */
  private static final class Page {

    final byte[] content;
    final int values;
    final Encoding encoding;

    Page(byte[] content, int values, Encoding encoding) {
      this.content = content;
      this.values = values;
      this.encoding = encoding;
    }
  }

  private final Map<Column, Page> pages = new EnumMap<>(Column.class);
  private final Map<Column, Page> dictionaries = new EnumMap<>(Column.class);
  private final Map<Column, Consumer<PageHeader>> headers = new EnumMap<>(Column.class);
  private final Map<Column, Consumer<ColumnChunk>> chunks = new EnumMap<>(Column.class);
  private Consumer<FileMetaData> footer = unchanged -> {};
  private long rows = 1;

  ForgedFile() {
    for (Column column : Column.ALL) {
      // One null: a run of one zero.
      pages.put(column, new Page(levels(column), 1, Encoding.PLAIN));
    }
    text(Column.RECORD, Rows.DELETED);
    text(Column.ID, "0198c5a2-7c1e-7a50-9d53-0242ac120002");
  }

  private static byte[] levels(Column column) {
    ByteBuffer bytes = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
    if (column.descriptor().getMaxRepetitionLevel() > 0) {
      bytes.putInt(2).put((byte) 2).put((byte) 0);
    }
    if (column.descriptor().getMaxDefinitionLevel() > 0) {
      bytes.putInt(2).put((byte) 2).put((byte) 0);
    }
    byte[] written = new byte[bytes.position()];
    bytes.flip().get(written);
    return written;
  }

  private ForgedFile text(Column column, String value) {
    byte[] text = value.getBytes(StandardCharsets.UTF_8);
    return page(column, ByteBuffer.allocate(text.length + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN)
        .putInt(text.length).put(text).array(), 1, Encoding.PLAIN);
  }

  /** Sets the content of a column's page. */
  ForgedFile page(Column column, byte[] content, int values, Encoding encoding) {
    pages.put(column, new Page(content, values, encoding));
    return this;
  }

  ForgedFile dictionary(Column column, byte[] content, int values) {
    dictionaries.put(column, new Page(content, values, Encoding.PLAIN_DICTIONARY));
    return this;
  }

  /** Changes the header of a column's page, after it was made. */
  ForgedFile header(Column column, Consumer<PageHeader> change) {
    headers.put(column, change);
    return this;
  }

  /** Changes what the footer says of a column. */
  ForgedFile chunk(Column column, Consumer<ColumnChunk> change) {
    chunks.put(column, change);
    return this;
  }

  ForgedFile footer(Consumer<FileMetaData> change) {
    footer = change;
    return this;
  }

  ForgedFile rows(long number) {
    rows = number;
    return this;
  }

  byte[] bytes() {
    try {
      return written();
    } catch (IOException e) {
      throw new AssertionError("a file in memory can be written", e);
    }
  }

  private byte[] written() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(FileFooter.MAGIC);
    List<ColumnChunk> written = new ArrayList<>();
    for (Column column : Column.ALL) {
      long start = file.size();
      Page dictionary = dictionaries.get(column);
      if (dictionary != null) {
        write(column, dictionary, true, file);
      }
      long first = file.size();
      Page page = page(column);
      write(column, page, false, file);
      ColumnMetaData meta = new ColumnMetaData(
          ThriftSchema.type(column.descriptor().getPrimitiveType().getPrimitiveTypeName()), List.of(page.encoding),
          column.path(), CompressionCodec.ZSTD, page.values, page.content.length,
          file.size() - start, first);
      if (dictionary != null) {
        meta.setDictionary_page_offset(start);
      }
      ColumnChunk chunk = new ColumnChunk(0);
      chunk.setMeta_data(meta);
      chunks.getOrDefault(column, unchanged -> {}).accept(chunk);
      written.add(chunk);
    }
    FileMetaData end = new FileMetaData(1, ThriftSchema.elements(), rows,
        List.of(new RowGroup(written, 1, rows)));
    end.addToKey_value_metadata(new KeyValue(FileFooter.FORMAT_KEY).setValue("1"));
    end.addToKey_value_metadata(new KeyValue(FileFooter.MEMORIES_KEY).setValue("0"));
    end.addToKey_value_metadata(new KeyValue(FileFooter.DELETED_KEY).setValue("1"));
    end.addToKey_value_metadata(new KeyValue(FileFooter.MESSAGES_KEY).setValue("0"));
    CRC32C checksum = new CRC32C();
    checksum.update(file.toByteArray());
    end.addToKey_value_metadata(new KeyValue(FileFooter.CHECKSUM_KEY).setValue(Long.toString(checksum.getValue())));
    footer.accept(end);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Util.writeFileMetaData(end, bytes);
    bytes.writeTo(file);
    file.writeBytes(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.size()).array());
    file.writeBytes(FileFooter.MAGIC);
    return file.toByteArray();
  }

  private Page page(Column column) {
    @Nullable
    Page page = pages.get(column);
    if (page == null) {
      throw new AssertionError("every column has a page");
    }
    return page;
  }

  private void write(Column column, Page page, boolean dictionary, ByteArrayOutputStream file) throws IOException {
    byte[] compressed = Zstd.compress(page.content);
    PageHeader header = new PageHeader(dictionary ? PageType.DICTIONARY_PAGE : PageType.DATA_PAGE, page.content.length,
        compressed.length);
    CRC32 checksum = new CRC32();
    checksum.update(compressed);
    header.setCrc((int) checksum.getValue());
    if (dictionary) {
      header.setDictionary_page_header(new DictionaryPageHeader(page.values, page.encoding));
    } else {
      header.setData_page_header(new DataPageHeader(page.values, page.encoding,
          column.descriptor().getMaxDefinitionLevel() == 0 ? Encoding.BIT_PACKED : Encoding.RLE,
          column.descriptor().getMaxRepetitionLevel() == 0 ? Encoding.BIT_PACKED : Encoding.RLE));
      headers.getOrDefault(column, unchanged -> {}).accept(header);
    }
    Util.writePageHeader(header, file);
    file.writeBytes(compressed);
  }
}
