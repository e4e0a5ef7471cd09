package dev.memlane.archive.parquet;

import java.io.ByteArrayInputStream;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import shaded.parquet.org.apache.thrift.TBase;
import shaded.parquet.org.apache.thrift.TConfiguration;
import shaded.parquet.org.apache.thrift.TException;
import shaded.parquet.org.apache.thrift.protocol.TCompactProtocol;
import shaded.parquet.org.apache.thrift.transport.TIOStreamTransport;

/**
 * Reads the structures of a Parquet file from memory. The library's own methods for that believe the lengths of lists and
 * texts.
 */
final class Thrift {

  private Thrift() {}

  /** A structure and the number of bytes that it took. */
  record Read<T>(T value, int length) {}

  static FileMetaData footer(byte[] bytes) throws DamagedFileException {
    return read(new FileMetaData(), bytes, "its footer").value();
  }

  static Read<PageHeader> pageHeader(byte[] bytes) throws DamagedFileException {
    return read(new PageHeader(), bytes, "the header of a page");
  }

  private static <T extends TBase<?, ?>> Read<T> read(T value, byte[] bytes, String what) throws DamagedFileException {
    try {
      TConfiguration limits = TConfiguration.custom().setMaxMessageSize(bytes.length).build();
      ByteArrayInputStream input = new ByteArrayInputStream(bytes);
      value.read(new TCompactProtocol(new TIOStreamTransport(limits, input), bytes.length, Limits.FOOTER_LIST));
      return new Read<>(value, bytes.length - input.available());
    } catch (TException | RuntimeException | StackOverflowError e) {
      // A structure that is nested too deep is as damaged as any other.
      throw new DamagedFileException(what + " can't be read", e);
    }
  }
}
