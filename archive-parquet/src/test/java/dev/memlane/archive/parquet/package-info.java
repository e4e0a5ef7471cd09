/** Tests of Parquet archives: against JSON Lines, against DuckDB, and against hostile files. */
@org.jspecify.annotations.NullMarked
package dev.memlane.archive.parquet;
