package dev.memlane.cli.internal.data;

import dev.memlane.archive.ArchiveFormat;
import dev.memlane.archive.JsonLines;
import dev.memlane.archive.parquet.ParquetArchive;

/** The formats of archives, by the names that an option takes. */
public enum ExportFormat {
  JSONL, PARQUET;

  ArchiveFormat format() {
    return switch (this) {
      case JSONL -> JsonLines.format();
      case PARQUET -> ParquetArchive.format();
    };
  }
}
