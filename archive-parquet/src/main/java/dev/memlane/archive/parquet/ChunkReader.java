package dev.memlane.archive.parquet;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.statistics.Statistics;
import org.jspecify.annotations.Nullable;

/** Gives the pages of one column in a row group to the decoder, one at a time. */
final class ChunkReader implements PageReader {

  private final PageReading pages;
  private final Column column;
  private final FileFooter.Chunk chunk;
  private final PageBudget budget;
  private int held;

  ChunkReader(FileBytes file, Column column, FileFooter.Chunk chunk, PageBudget budget) {
    this.pages = new PageReading(file, column, chunk);
    this.column = column;
    this.chunk = chunk;
    this.budget = budget;
  }

  @Override
  public @Nullable DictionaryPage readDictionaryPage() {
    if (!chunk.hasDictionary()) {
      return null;
    }
    try {
      PageReading.Page page = pages.next();
      // Held until the row group ends, and small.
      budget.take(page.uncompressed());
      return new DictionaryPage(BytesInput.from(pages.content(page)), page.uncompressed(), page.values(),
          Encoding.PLAIN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public long getTotalValueCount() {
    return chunk.values();
  }

  @Override
  public @Nullable DataPage readPage() {
    budget.giveBack(held);
    held = 0;
    if (pages.atEnd()) {
      return null;
    }
    try {
      PageReading.Page page = pages.next();
      budget.take(page.uncompressed());
      held = page.uncompressed();
      byte[] content = pages.content(page);
      if (!RunLengths.fit(content, column, page.values(), page.fromDictionary())) {
        throw pages.damaged();
      }
      return new DataPageV1(BytesInput.from(content), page.values(), content.length,
          Statistics.noopStats(column.descriptor().getPrimitiveType()),
          Encoding.RLE, Encoding.RLE, page.fromDictionary() ? Encoding.RLE_DICTIONARY : Encoding.PLAIN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
