package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The archive format Parquet. It holds what {@link dev.memlane.archive.JsonLines} hold, exactly, as one table for tools
 * that analyse data.
 *
 * <pre>{@code
 * ArchiveExporter.builder(memory).format(ParquetArchive.format()).build()
 *     .exportTo(ArchiveFile.creating(Path.of("backup.parquet")));
 *
 * try (ParquetSource archive = ParquetArchive.open(Path.of("backup.parquet"))) {
 *   ImportReport report = ArchiveImporter.of(memory).importFrom(archive);
 * }
 * }</pre>
 *
 * <p>
 * <b>Rows.</b> The column {@code record} says what a row is: {@code memory}, {@code deleted} (a deleted memory),
 * {@code change} (an entry of a history) or {@code message} (of a conversation). Memories are in order of id, each
 * followed by its changes, oldest first; messages follow, by conversation and in order. Columns that do not apply are null.
 *
 * <table>
 * <caption>Columns</caption>
 * <tr><th>rows</th><th>columns</th></tr>
 * <tr><td>all</td><td>{@code record} string; {@code id} string, the memory's or the message's UUID</td></tr>
 * <tr><td>memory, deleted, message</td><td>{@code user_id}, {@code agent_id}, {@code run_id} strings: the scope</td></tr>
 * <tr><td>memory</td><td>{@code key}, {@code actor}, {@code content} strings; {@code metadata} JSON; {@code occurred_at},
 * {@code expires_at} timestamps; {@code unique_content} boolean; {@code vector} list of 32-bit floats,
 * {@code vector_model} and {@code vector_of} strings: who made it, and the hash of its text</td></tr>
 * <tr><td>memory, deleted, message</td><td>{@code created_at} timestamp</td></tr>
 * <tr><td>memory, deleted</td><td>{@code updated_at} timestamp: of the present state, or of the delete</td></tr>
 * <tr><td>memory, deleted, change</td><td>{@code version} 32-bit integer, from 1; {@code op} string: the operation's
 * UUID</td></tr>
 * <tr><td>change</td><td>{@code change_kind} string: add, update, delete or erase; {@code old_content} and
 * {@code new_content} strings; {@code old_metadata} and {@code new_metadata} JSON; {@code old_details} and
 * {@code new_details}, each of {@code actor}, {@code occurred_at} and {@code expires_at}; {@code changed_by} string;
 * {@code changed_at} timestamp</td></tr>
 * <tr><td>message</td><td>{@code position} 64-bit integer, from 1; {@code role}, {@code text}, {@code format},
 * {@code payload} strings; {@code text_utf16} and {@code payload_utf16} bytes, only of texts that UTF-8 cannot hold;
 * {@code in_window} boolean</td></tr>
 * </table>
 *
 * <p>
 * Timestamps are microseconds since 1970 in UTC, in 64 bits. A time with more digits is refused on export. Metadata is
 * the JSON object that JSON Lines have. Pages are compressed by Zstandard and have checksums.
 *
 * <p>
 * <b>A file is refused as a whole.</b> Opening it checks all sizes and checksums, so nothing is imported of a file that is
 * damaged or was cut off. Only files that {@link #format} wrote are accepted, whatever their name.
 *
 * <p>
 * <b>Memory.</b> Writing holds one row group, about {@value RowGroupWriter#ROW_GROUP_MEGABYTES} MB, and reading holds a page of each column. Sizes
 * in a file are compared with limits before anything is allocated, of which none exceeds half of the heap.
 */
public final class ParquetArchive {

  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ENCRYPTED_MAGIC = "PARE".getBytes(StandardCharsets.US_ASCII);

  private ParquetArchive() {}

  /** The format, for {@link dev.memlane.archive.ArchiveExporter.Builder#format}. */
  public static ArchiveFormat format() {
    return ParquetSink::new;
  }

  /**
   * Whether a file begins as Parquet files do, archive or not.
   *
   * @throws IOException if it cannot be read
   */
  public static boolean isParquet(Path file) throws IOException {
    try (InputStream input = Files.newInputStream(file)) {
      byte[] first = input.readNBytes(MAGIC.length);
      return Arrays.equals(first, MAGIC) || Arrays.equals(first, ENCRYPTED_MAGIC);
    }
  }

  /**
   * Opens an archive, and checks the whole file.
   *
   * @return a source for one thread at a time, closed by the caller
   * @throws IOException if the file cannot be read
   * @throws ArchiveException if it is no archive, one of a newer format, or damaged
   */
  public static ParquetSource open(Path file) throws IOException {
    return ParquetSource.open(file);
  }
}
