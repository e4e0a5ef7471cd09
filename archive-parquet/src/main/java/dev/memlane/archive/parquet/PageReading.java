package dev.memlane.archive.parquet;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.util.zip.CRC32;
import java.util.zip.Checksum;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;

/** Reads the pages of one column in a row group, one after the other. Not safe for use by several threads. */
final class PageReading {

  private static final int PIECE = 1 << 16;

  private final FileBytes file;
  private final Column column;
  private final FileFooter.Chunk chunk;
  private final byte[] piece = new byte[PIECE];
  private long position;
  private long values;
  private boolean dictionaryExpected;

  PageReading(FileBytes file, Column column, FileFooter.Chunk chunk) {
    this.file = file;
    this.column = column;
    this.chunk = chunk;
    this.position = chunk.start();
    this.dictionaryExpected = chunk.hasDictionary();
  }

  /**
   * A page whose header is possible.
   *
   * @param position where its content begins
   * @param compressed the length of the content, in bytes
   * @param uncompressed its length once it is unpacked, in bytes
   * @param values the number of its values, nulls included
   * @param fromDictionary whether its values are places in the dictionary
   */
  record Page(long position, int compressed, int uncompressed, int checksum, int values, boolean fromDictionary) {}

  boolean atEnd() {
    return position == chunk.end();
  }

  /**
   * Reads the header of the next page, and moves on to the page after it.
   *
   * @throws DamagedFileException if the header can't be
   */
  Page next() throws IOException {
    byte[] bytes = file.read(position, (int) Math.min(Limits.PAGE_HEADER, chunk.end() - position));
    Thrift.Read<PageHeader> read = Thrift.pageHeader(bytes);
    PageHeader header = read.value();
    long content = position + read.length();
    if (!header.isSetCrc() || header.getCompressed_page_size() < 1
        || header.getCompressed_page_size() > Math.min(Limits.PAGE, chunk.end() - content)
        || header.getUncompressed_page_size() < 0) {
      throw damaged();
    }
    Page page = dictionaryExpected ? dictionary(header, content) : data(header, content);
    dictionaryExpected = false;
    position = content + page.compressed();
    if (atEnd() && values != chunk.values()) {
      throw damaged();
    }
    return page;
  }

  private Page dictionary(PageHeader header, long content) throws DamagedFileException {
    DictionaryPageHeader dictionary = header.getDictionary_page_header();
    // Each text has a length of four bytes.
    if (header.getType() != PageType.DICTIONARY_PAGE || dictionary == null
        || header.getUncompressed_page_size() > Limits.DICTIONARY
        || dictionary.getEncoding() != Encoding.PLAIN_DICTIONARY || dictionary.getNum_values() < 0
        || dictionary.getNum_values() > header.getUncompressed_page_size() / Integer.BYTES) {
      throw damaged();
    }
    return new Page(content, header.getCompressed_page_size(), header.getUncompressed_page_size(), header.getCrc(),
        dictionary.getNum_values(), false);
  }

  private Page data(PageHeader header, long content) throws DamagedFileException {
    DataPageHeader data = header.getData_page_header();
    if (header.getType() != PageType.DATA_PAGE || data == null || header.getUncompressed_page_size() > Limits.PAGE
        || data.getNum_values() < 1 || data.getNum_values() > chunk.values() - values
        || data.getRepetition_level_encoding() != levels(column.descriptor().getMaxRepetitionLevel())
        || data.getDefinition_level_encoding() != levels(column.descriptor().getMaxDefinitionLevel())) {
      throw damaged();
    }
    boolean fromDictionary = data.getEncoding() == Encoding.PLAIN_DICTIONARY;
    if (fromDictionary ? !chunk.hasDictionary() : data.getEncoding() != Encoding.PLAIN) {
      throw damaged();
    }
    values += data.getNum_values();
    return new Page(content, header.getCompressed_page_size(), header.getUncompressed_page_size(), header.getCrc(),
        data.getNum_values(), fromDictionary);
  }

  private static Encoding levels(int greatest) {
    return greatest == 0 ? Encoding.BIT_PACKED : Encoding.RLE;
  }

  /**
   * Compares the next page's content with its checksum, without keeping it.
   *
   * @param all the checksum of the file, which gets all bytes of the page
   */
  void check(Checksum all) throws IOException {
    long start = position;
    Page page = next();
    file.read(start, piece, (int) (page.position() - start));
    all.update(piece, 0, (int) (page.position() - start));
    CRC32 checksum = new CRC32();
    int done = 0;
    while (done < page.compressed()) {
      int length = Math.min(piece.length, page.compressed() - done);
      file.read(page.position() + done, piece, length);
      checksum.update(piece, 0, length);
      all.update(piece, 0, length);
      done += length;
    }
    require(checksum, page);
  }

  /** Reads and unpacks a page's content. */
  byte[] content(Page page) throws IOException {
    byte[] compressed = file.read(page.position(), page.compressed());
    CRC32 checksum = new CRC32();
    checksum.update(compressed);
    require(checksum, page);
    if (Zstd.getFrameContentSize(compressed) != page.uncompressed()) {
      throw damaged();
    }
    byte[] content = new byte[page.uncompressed()];
    long length = Zstd.decompressByteArray(content, 0, content.length, compressed, 0, compressed.length);
    if (length != content.length) {
      throw damaged();
    }
    return content;
  }

  private void require(CRC32 checksum, Page page) throws DamagedFileException {
    if ((int) checksum.getValue() != page.checksum()) {
      throw damaged();
    }
  }

  DamagedFileException damaged() {
    return new DamagedFileException("its column \"" + column.dotted() + "\" is damaged at byte " + position);
  }
}
