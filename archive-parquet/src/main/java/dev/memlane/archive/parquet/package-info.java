/**
 * Archives as Parquet files, which DuckDB, pandas and Spark read as one table.
 *
 * <p>
 * Enter at {@link dev.memlane.archive.parquet.ParquetArchive}, which gives the format to
 * {@link dev.memlane.archive.ArchiveExporter} and opens files for {@link dev.memlane.archive.ArchiveImporter}. The columns
 * are described there.
 *
 * <p>
 * Apache Parquet's library encodes and decodes columns. Files are framed here: sizes in a file are compared with limits
 * before anything is allocated, and every byte is checked before anything is imported.
 */
@NullMarked
package dev.memlane.archive.parquet;

import org.jspecify.annotations.NullMarked;
