package dev.memlane.archive.parquet;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32C;

/** A stream that knows how many bytes were written to it, and their checksum. Not safe for use by several threads. */
final class CountedOutput extends FilterOutputStream {

  private final CRC32C checksum = new CRC32C();
  private long position;

  CountedOutput(OutputStream output) {
    super(output);
  }

  @Override
  public void write(int one) throws IOException {
    out.write(one);
    checksum.update(one);
    position++;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
    checksum.update(bytes, offset, length);
    position += length;
  }

  /** The checksum of all bytes so far. */
  long checksum() {
    return checksum.getValue();
  }

  long position() {
    return position;
  }
}
