package dev.memlane.spark;

import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.StoredMemory;
import dev.memlane.orchestrator.MemoryReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.jspecify.annotations.Nullable;

/**
 * The reader of one partition: pages in order of id, of which the next one is read while Spark works on the last. So two pages
 * are in memory at most. Used by the task's thread alone.
 */
final class MemoryPartitionReader implements PartitionReader<InternalRow> {

  private final MemoryReader reader;
  private final MemorySelection selection;
  private final List<MemoryColumn> columns;
  private final int pageSize;

  private Iterator<StoredMemory> page = Collections.emptyIterator();
  /** Null after the last page. */
  private @Nullable CompletableFuture<List<StoredMemory>> next;
  private InternalRow row = InternalRow.empty();

  MemoryPartitionReader(MemoryReader reader, MemorySelection selection, List<MemoryColumn> columns, int pageSize) {
    this.reader = reader;
    this.selection = selection;
    this.columns = columns;
    this.pageSize = pageSize;
    this.next = reader.page(selection, null, pageSize);
  }

  @Override
  public boolean next() throws IOException {
    while (!page.hasNext()) {
      if (next == null) {
        return false;
      }
      List<StoredMemory> read = await(next);
      next = read.size() < pageSize ? null : reader.page(selection, last(read), pageSize);
      page = read.iterator();
    }
    StoredMemory memory = page.next();
    @Nullable
    Object[] values = new @Nullable Object[columns.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = columns.get(i).of(memory);
    }
    row = new GenericInternalRow(values);
    return true;
  }

  private static MemoryId last(List<StoredMemory> read) {
    return read.getLast().memory().id();
  }

  private static List<StoredMemory> await(CompletableFuture<List<StoredMemory>> page) throws IOException {
    try {
      return page.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("the task was cancelled while memories were being read")
          .initCause(e);
    } catch (ExecutionException e) {
      throw new IOException("memories could not be read now; Spark runs the task again, if spark.task.maxFailures "
          + "allows", e.getCause());
    }
  }

  @Override
  public InternalRow get() {
    return row;
  }

  @Override
  public void close() {
    reader.close();
  }
}
