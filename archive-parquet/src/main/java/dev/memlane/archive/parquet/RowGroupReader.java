package dev.memlane.archive.parquet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.io.api.PrimitiveConverter;

/** Reads the rows of one row group, holding one page of each column. Not safe for use by several threads. */
final class RowGroupReader {

  private static final char REPLACEMENT = '\uFFFD';
  private static final int FIRST_VECTOR = 1_024;

  private final List<ColumnReader> readers = new ArrayList<>();
  private final FileFooter.Group group;
  private long row;
  /** The values of the vectors that were read, one for a row without a vector. */
  private long vectorValues;
  private float[] numbers = new float[FIRST_VECTOR];

  RowGroupReader(FileBytes file, FileFooter.Group group) throws IOException {
    this.group = group;
    PageBudget budget = new PageBudget(Limits.pagesAtOnce());
    try {
      for (Column column : Column.ALL) {
        ChunkReader pages = new ChunkReader(file, column, group.chunks().get(column.place()), budget);
        // Values are fetched, so nothing is converted.
        readers.add(new ColumnReaderImpl(column.descriptor(), pages, new PrimitiveConverter() {
        }, null));
      }
    } catch (RuntimeException e) {
      throw failure(e);
    }
  }

  boolean hasNext() {
    return row < group.rows();
  }

  /**
   * Reads the next row.
   *
   * @param number its number in the file
   * @throws IOException if the file is damaged; no more rows can be read then
   */
  Row next(long number) throws IOException {
    row++;
    Row read = new Row(number);
    try {
      for (Column column : Column.ALL) {
        read(column, readers.get(column.place()), read);
      }
      // The other columns have as many values as rows.
      if (!hasNext() && vectorValues != group.chunks().get(Column.VECTOR.place()).values()) {
        throw impossible(Column.VECTOR);
      }
    } catch (RuntimeException e) {
      throw failure(e);
    }
    return read;
  }

  /** What the decoder throws says nothing to people, and is of many types. */
  private static IOException failure(RuntimeException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof UncheckedIOException file && file.getCause() != null) {
        return file.getCause();
      }
    }
    return new DamagedFileException("a page of it can't be decoded", e);
  }

  private void read(Column column, ColumnReader reader, Row row) throws DamagedFileException {
    int level = reader.getCurrentDefinitionLevel();
    int greatest = column.descriptor().getMaxDefinitionLevel();
    if (reader.getCurrentRepetitionLevel() != 0 || level > greatest) {
      throw impossible(column);
    }
    if (column.isInGroup()) {
      setDetails(column, level >= 1, row);
    }
    if (column.kind() == Column.Kind.FLOATS) {
      readVector(column, reader, level, row);
      return;
    }
    if (level == greatest) {
      switch (column.kind()) {
        case NAME, TEXT, JSON -> {
          ByteBuffer bytes = reader.getBinary().toByteBuffer();
          int length = bytes.remaining();
          row.with(column, text(column, bytes), length);
        }
        case BYTES -> {
          byte[] bytes = reader.getBinary().getBytes();
          row.with(column, bytes, bytes.length);
        }
        case TIME, LONG_NUMBER -> row.with(column, reader.getLong());
        case NUMBER -> row.with(column, reader.getInteger());
        case FLAG -> row.with(column, reader.getBoolean());
        case FLOATS -> throw new IllegalStateException("vectors are read before");
      }
    }
    reader.consume();
  }

  /** Columns of a group agree about whether it is there. */
  private static void setDetails(Column column, boolean isThere, Row row) throws DamagedFileException {
    boolean first = column == Column.OLD_ACTOR || column == Column.NEW_ACTOR;
    if (!first && row.hasGroup(column) != isThere) {
      throw impossible(column);
    }
    row.setDetails(column.place() <= Column.OLD_EXPIRES_AT.place(), isThere);
  }

  private void readVector(Column column, ColumnReader reader, int level, Row row) throws DamagedFileException {
    if (level == 0) {
      vectorValues++;
      reader.consume();
      return;
    }
    int length = 0;
    do {
      if (reader.getCurrentDefinitionLevel() != column.descriptor().getMaxDefinitionLevel()) {
        throw impossible(column);
      }
      if (length == numbers.length) {
        numbers = Arrays.copyOf(numbers, length * 2);
      }
      numbers[length++] = reader.getFloat();
      reader.consume();
      // After the last value of the column, the level is 0.
    } while (reader.getCurrentRepetitionLevel() == 1);
    vectorValues += length;
    row.with(column, Arrays.copyOf(numbers, length), (long) length * Float.BYTES);
  }

  private static DamagedFileException impossible(Column column) {
    return new DamagedFileException("its column \"" + column.dotted() + "\" can't be what was written");
  }

  private static String text(Column column, ByteBuffer bytes) throws DamagedFileException {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    String text = new String(copy, StandardCharsets.UTF_8);
    if (text.indexOf(REPLACEMENT) >= 0) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
      } catch (CharacterCodingException e) {
        throw new DamagedFileException("its column \"" + column.dotted() + "\" is not UTF-8", e);
      }
    }
    return text;
  }
}
