package dev.memlane.archive.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageWriter;
import org.apache.parquet.column.statistics.SizeStatistics;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.column.statistics.geospatial.GeospatialStatistics;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/** The pages of one column in one row group, compressed and in memory until the row group is written. */
final class ChunkWriter implements PageWriter {

  private static final int LEVEL = 3;
  /** Longer least and greatest values are left out: they help no query, and repeat what memories say. */
  private static final int LONGEST_STATISTIC = 64;

  private final Column column;
  /** Headers and contents. A single array would be copied whenever it grows, which takes three times the memory. */
  private final List<byte[]> pages = new ArrayList<>();
  private final List<byte[]> dictionary = new ArrayList<>();
  private long size;
  private final Set<Encoding> encodings = EnumSet.noneOf(Encoding.class);
  private long values;
  private long uncompressed;
  private @Nullable Statistics<?> statistics;

  ChunkWriter(Column column) {
    this.column = column;
  }

  @Override
  public void writePage(BytesInput bytes, int valueCount, int rowCount, Statistics<?> pageStatistics,
      Encoding repetitionLevels, Encoding definitionLevels, Encoding valueEncoding) throws IOException {
    byte[] content = content(bytes);
    if (content.length > Limits.PAGE) {
      throw new IOException(
          "a value is too long for a Parquet file: " + content.length + " bytes; export as JSON Lines");
    }
    byte[] compressed = Zstd.compress(content, LEVEL);
    PageHeader header = new PageHeader(PageType.DATA_PAGE, content.length, compressed.length);
    header.setCrc(checksum(compressed));
    header.setData_page_header(new DataPageHeader(valueCount, thrift(valueEncoding), thrift(definitionLevels),
        thrift(repetitionLevels)));
    add(header, compressed, pages);
    values += valueCount;
    encodings.addAll(List.of(repetitionLevels, definitionLevels, valueEncoding));
    Statistics<?> total = statistics;
    if (total == null) {
      statistics = pageStatistics.copy();
    } else {
      total.mergeStatistics(pageStatistics);
    }
  }

  @Override
  public void writePage(BytesInput bytes, int valueCount, int rowCount, Statistics<?> pageStatistics,
      SizeStatistics sizeStatistics, GeospatialStatistics places, Encoding repetitionLevels, Encoding definitionLevels,
      Encoding valueEncoding) throws IOException {
    writePage(bytes, valueCount, rowCount, pageStatistics, repetitionLevels, definitionLevels, valueEncoding);
  }

  @Override
  @SuppressWarnings("deprecation") // the interface still asks for it
  public void writePage(BytesInput bytes, int valueCount, Statistics<?> pageStatistics, Encoding repetitionLevels,
      Encoding definitionLevels, Encoding valueEncoding) {
    throw new UnsupportedOperationException("pages know their rows");
  }

  @Override
  public void writePageV2(int rowCount, int nullCount, int valueCount, BytesInput repetitionLevels,
      BytesInput definitionLevels, Encoding dataEncoding, BytesInput data, Statistics<?> pageStatistics) {
    throw new UnsupportedOperationException("pages have version 1");
  }

  @Override
  public void writeDictionaryPage(DictionaryPage page) throws IOException {
    byte[] content = content(page.getBytes());
    byte[] compressed = Zstd.compress(content, LEVEL);
    PageHeader header = new PageHeader(PageType.DICTIONARY_PAGE, content.length, compressed.length);
    header.setCrc(checksum(compressed));
    header.setDictionary_page_header(new DictionaryPageHeader(page.getDictionarySize(), thrift(page.getEncoding())));
    add(header, compressed, dictionary);
    encodings.add(page.getEncoding());
  }

  private static byte[] content(BytesInput bytes) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream(Math.toIntExact(bytes.size()));
    bytes.writeAllTo(content);
    return content.toByteArray();
  }

  private void add(PageHeader header, byte[] compressed, List<byte[]> list) throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    Util.writePageHeader(header, written);
    list.add(written.toByteArray());
    list.add(compressed);
    size += written.size() + compressed.length;
    uncompressed += written.size() + header.getUncompressed_page_size();
  }

  private static int checksum(byte[] bytes) {
    CRC32 checksum = new CRC32();
    checksum.update(bytes);
    return (int) checksum.getValue();
  }

  private static org.apache.parquet.format.Encoding thrift(Encoding encoding) {
    return org.apache.parquet.format.Encoding.valueOf(encoding.name());
  }

  @Override
  public long getMemSize() {
    return size;
  }

  @Override
  public long allocatedSize() {
    return getMemSize();
  }

  @Override
  public String memUsageString(String prefix) {
    return prefix + " " + column.dotted() + ": " + getMemSize() + " bytes";
  }

  /** The length of all pages with their headers, unpacked. */
  long uncompressed() {
    return uncompressed;
  }

  /** Writes the pages, and describes them for the footer. */
  ColumnChunk writeTo(CountedOutput output) throws IOException {
    long start = output.position();
    for (byte[] bytes : dictionary) {
      output.write(bytes);
    }
    long firstPage = output.position();
    for (byte[] bytes : pages) {
      output.write(bytes);
    }
    ColumnMetaData chunk = new ColumnMetaData(
        ThriftSchema.type(column.descriptor().getPrimitiveType().getPrimitiveTypeName()),
        encodings.stream().map(ChunkWriter::thrift).toList(), column.path(),
        CompressionCodec.ZSTD, values, uncompressed, output.position() - start, firstPage);
    if (firstPage > start) {
      chunk.setDictionary_page_offset(start);
    }
    Statistics<?> total = statistics;
    if (total != null) {
      chunk.setStatistics(thrift(total));
    }
    ColumnChunk written = new ColumnChunk(0);
    written.setMeta_data(chunk);
    return written;
  }

  private org.apache.parquet.format.Statistics thrift(Statistics<?> total) {
    org.apache.parquet.format.Statistics written = new org.apache.parquet.format.Statistics();
    if (total.isNumNullsSet()) {
      written.setNull_count(total.getNumNulls());
    }
    // A least float may be -0 or 0, which readers understand differently.
    if (total.hasNonNullValue() && column.kind() != Column.Kind.FLOATS) {
      byte[] least = total.getMinBytes();
      byte[] greatest = total.getMaxBytes();
      if (least.length <= LONGEST_STATISTIC && greatest.length <= LONGEST_STATISTIC) {
        written.setMin_value(least);
        written.setMax_value(greatest);
      }
    }
    return written;
  }
}
