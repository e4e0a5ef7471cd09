package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveCounts;
import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.RowGroup;
import org.jspecify.annotations.Nullable;

/**
 * What an archive's footer says, once it was found to be possible: every byte of the file belongs to exactly one column of
 * one row group.
 *
 * @param checksum the CRC-32C of all bytes before the footer. Pages have checksums of their own, but their headers do not
 * @param rows the number of rows in all row groups
 */
record FileFooter(ArchiveCounts counts, long checksum, long rows, List<Group> groups) {

  /** The format that is written, and the newest that can be read. */
  static final int FORMAT = 1;
  static final String FORMAT_KEY = "memlane.archive";
  static final String CHECKSUM_KEY = "memlane.crc32c";
  static final String MEMORIES_KEY = "memlane.memories";
  static final String DELETED_KEY = "memlane.deleted";
  static final String MESSAGES_KEY = "memlane.messages";
  static final String CREATED_BY = "memlane version " + FORMAT;
  static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private static final int TAIL = Integer.BYTES + MAGIC.length;

  /**
   * A row group.
   *
   * @param chunks one for each {@link Column}, in their order
   */
  record Group(long rows, List<Chunk> chunks) {}

  /**
   * The pages of one column in a row group.
   *
   * @param values the number of values, nulls included
   * @param hasDictionary whether the first page is a dictionary
   */
  record Chunk(long start, long length, long values, boolean hasDictionary) {

    long end() {
      return start + length;
    }
  }

  /**
   * Reads a footer.
   *
   * @throws ArchiveException if the file is no archive, or one of a newer format
   * @throws DamagedFileException if the footer cannot be that of a whole archive
   */
  static FileFooter read(FileBytes file) throws IOException {
    if (file.size() < MAGIC.length || !Arrays.equals(file.read(0, MAGIC.length), MAGIC)) {
      throw new ArchiveException(Reason.NOT_AN_ARCHIVE,
          "this is no Parquet file that can be read here; import a file that was exported", null);
    }
    if (file.size() < MAGIC.length + TAIL) {
      throw cutOff();
    }
    ByteBuffer tail = ByteBuffer.wrap(file.read(file.size() - TAIL, TAIL)).order(ByteOrder.LITTLE_ENDIAN);
    int length = tail.getInt();
    if (!tail.equals(ByteBuffer.wrap(MAGIC))) {
      throw cutOff();
    }
    long start = file.size() - TAIL - length;
    if (length <= 0 || start < MAGIC.length) {
      throw new DamagedFileException("its footer can't have the length that the file says");
    }
    if (length > Limits.FOOTER) {
      throw notAnArchive();
    }
    FileMetaData footer = Thrift.footer(file.read(start, length));
    Map<String, @Nullable String> keys = keys(footer);
    requireFormat(keys);
    requireColumns(footer);
    List<Group> groups = groups(footer, start);
    return new FileFooter(new ArchiveCounts(count(keys, MEMORIES_KEY), count(keys, DELETED_KEY),
        count(keys, MESSAGES_KEY)), count(keys, CHECKSUM_KEY), footer.getNum_rows(), groups);
  }

  private static DamagedFileException cutOff() {
    return new DamagedFileException("its end is missing; was it cut off?");
  }

  private static ArchiveException notAnArchive() {
    return new ArchiveException(Reason.NOT_AN_ARCHIVE,
        "this is a Parquet file, but none that an export of Memlane has written; import a file as it was exported",
        null);
  }

  private static Map<String, @Nullable String> keys(FileMetaData footer) {
    Map<String, @Nullable String> keys = new HashMap<>();
    List<KeyValue> written = footer.getKey_value_metadata();
    if (written != null) {
      for (KeyValue entry : written) {
        keys.put(entry.getKey(), entry.getValue());
      }
    }
    return keys;
  }

  private static void requireFormat(Map<String, @Nullable String> keys) throws DamagedFileException {
    if (!keys.containsKey(FORMAT_KEY)) {
      throw notAnArchive();
    }
    long format = count(keys, FORMAT_KEY);
    if (format > FORMAT) {
      throw new ArchiveException(Reason.NEWER_FORMAT, "the archive has format " + format
          + ", and this version reads formats up to " + FORMAT
          + " of Parquet archives: use the version that wrote it, or "
          + "a newer one", null);
    }
  }

  private static long count(Map<String, @Nullable String> keys, String key) throws DamagedFileException {
    try {
      return Long.parseLong(keys.get(key));
    } catch (NumberFormatException e) {
      throw new DamagedFileException("its footer lacks the number \"" + key + "\"", e);
    }
  }

  private static void requireColumns(FileMetaData footer) throws DamagedFileException {
    if (!ThriftSchema.elements().equals(footer.getSchema())) {
      throw new DamagedFileException("its columns are not those of an archive");
    }
  }

  /** Reads the row groups, which must fill the file from its beginning to the footer. */
  private static List<Group> groups(FileMetaData footer, long end) throws DamagedFileException {
    List<Group> groups = new ArrayList<>();
    long position = MAGIC.length;
    long rows = 0;
    List<RowGroup> written = footer.getRow_groups();
    if (written == null) {
      throw impossible();
    }
    for (RowGroup group : written) {
      List<ColumnChunk> columns = group.getColumns();
      if (columns == null || columns.size() != Column.ALL.size() || group.getNum_rows() < 1) {
        throw impossible();
      }
      List<Chunk> chunks = new ArrayList<>();
      for (Column column : Column.ALL) {
        Chunk chunk = chunk(column, columns.get(column.place()), group.getNum_rows());
        if (chunk.start != position || chunk.length > end - position) {
          throw impossible();
        }
        position = chunk.end();
        chunks.add(chunk);
      }
      groups.add(new Group(group.getNum_rows(), List.copyOf(chunks)));
      rows += group.getNum_rows();
    }
    if (position != end || rows != footer.getNum_rows()) {
      throw impossible();
    }
    return List.copyOf(groups);
  }

  private static Chunk chunk(Column column, ColumnChunk written, long rows) throws DamagedFileException {
    ColumnMetaData chunk = written.getMeta_data();
    if (chunk == null || written.getFile_path() != null || chunk.getCodec() != CompressionCodec.ZSTD
        || !column.dotted().equals(String.join(".", chunk.getPath_in_schema()))
        || chunk.getNum_values() < rows || column.kind() != Column.Kind.FLOATS && chunk.getNum_values() != rows
        || chunk.isSetDictionary_page_offset() && !column.hasDictionary() || chunk.getTotal_compressed_size() < 1) {
      throw impossible();
    }
    long start = chunk.isSetDictionary_page_offset() ? chunk.getDictionary_page_offset() : chunk.getData_page_offset();
    return new Chunk(start, chunk.getTotal_compressed_size(), chunk.getNum_values(),
        chunk.isSetDictionary_page_offset());
  }

  private static DamagedFileException impossible() {
    return new DamagedFileException("its footer says what can't be");
  }
}
