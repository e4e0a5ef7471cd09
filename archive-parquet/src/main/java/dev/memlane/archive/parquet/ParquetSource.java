package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveEntry;
import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveException.Reason;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.model.InvalidInputException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * An open Parquet archive. Its entries have the numbers of their rows in the file, counted from 1. Not safe for use by
 * several threads.
 */
public final class ParquetSource implements ArchiveSource, Closeable {

  private final FileBytes file;
  private final FileFooter footer;
  private int group;
  private @Nullable RowGroupReader reader;
  private long read;
  private @Nullable Row ahead;
  private int damaged;
  private boolean ended;

  private ParquetSource(FileBytes file) throws IOException {
    this.file = file;
    try {
      this.footer = FileFooter.read(file);
      checkPages();
    } catch (DamagedFileException e) {
      throw new ArchiveException(Reason.DAMAGED, "the Parquet file is damaged: " + e.getMessage()
          + "; nothing was imported: copy the file once more, or export again", e);
    }
  }

  static ParquetSource open(Path path) throws IOException {
    FileBytes file = FileBytes.open(path);
    boolean opened = false;
    try {
      ParquetSource source = new ParquetSource(file);
      opened = true;
      return source;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** Reads the whole file once, so that nothing is imported of one that is damaged somewhere. */
  private void checkPages() throws IOException {
    CRC32C checksum = new CRC32C();
    checksum.update(FileFooter.MAGIC);
    for (FileFooter.Group each : footer.groups()) {
      for (Column column : Column.ALL) {
        PageReading pages = new PageReading(file, column, each.chunks().get(column.place()));
        while (!pages.atEnd()) {
          pages.check(checksum);
        }
      }
    }
    if (checksum.getValue() != footer.checksum()) {
      throw new DamagedFileException("its pages are not those that its footer is about");
    }
  }

  @Override
  public @Nullable ArchiveEntry next() throws IOException {
    Row first = ahead == null ? nextRow() : ahead;
    ahead = null;
    if (first == null) {
      boolean before = ended;
      ended = true;
      return before ? null : new ArchiveEntry.End(footer.rows() + 1, footer.counts());
    }
    String record = Rows.text(first, Column.RECORD);
    try {
      return switch (record) {
        case Rows.MEMORY, Rows.DELETED -> memory(first);
        case Rows.MESSAGE -> new ArchiveEntry.OfMessage(first.number(), first.length(), Rows.conversation(first),
            Rows.message(first));
        case Rows.CHANGE -> throw new InvalidInputException("it is a change, and no memory is before it");
        default -> throw new InvalidInputException("\"record\" must be memory, deleted, change or message");
      };
    } catch (InvalidInputException e) {
      damaged++;
      if (damaged > Limits.DAMAGED_ROWS) {
        throw new IOException(Limits.DAMAGED_ROWS + " of its rows are damaged, the last one is row " + first.number(),
            e);
      }
      return new ArchiveEntry.Damaged(first.number(), String.valueOf(e.getMessage()));
    }
  }

  private ArchiveEntry memory(Row first) throws IOException {
    List<Row> changes = new ArrayList<>();
    long length = first.length();
    Row row = nextRow();
    while (row != null && Rows.text(row, Column.RECORD).equals(Rows.CHANGE)) {
      length += row.length();
      if (length > Limits.memory()) {
        throw new IOException("the memory in row " + first.number() + " takes more than " + (Limits.memory() >> 20)
            + " MB with its history; if you trust the file, give Java more memory (-Xmx)");
      }
      changes.add(row);
      row = nextRow();
    }
    ahead = row;
    return new ArchiveEntry.OfMemory(first.number(), length, Rows.memory(first, changes));
  }

  private @Nullable Row nextRow() throws IOException {
    RowGroupReader current = reader;
    while (current == null || !current.hasNext()) {
      if (group == footer.groups().size()) {
        return null;
      }
      current = new RowGroupReader(file, footer.groups().get(group++));
      reader = current;
    }
    return current.next(++read);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
