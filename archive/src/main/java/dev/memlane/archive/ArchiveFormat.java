package dev.memlane.archive;

import java.io.OutputStream;

/** A format in which archives are written. {@link JsonLines#format} is the default. Safe for use by several threads. */
public interface ArchiveFormat {

  /**
   * A sink that writes an archive to a stream, from the stream's present position on, and leaves it open. It needs no
   * closing: after a failure it may be dropped.
   */
  ArchiveSink sink(OutputStream output);
}
