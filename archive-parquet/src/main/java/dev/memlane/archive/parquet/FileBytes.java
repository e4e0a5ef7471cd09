package dev.memlane.archive.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The bytes of a file, read at positions. Not safe for use by several threads. */
final class FileBytes implements Closeable {

  private final FileChannel channel;
  private final long size;

  private FileBytes(FileChannel channel) throws IOException {
    this.channel = channel;
    this.size = channel.size();
  }

  static FileBytes open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      return new FileBytes(channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  long size() {
    return size;
  }

  /** Reads so many bytes. The caller has compared the number with a limit. */
  byte[] read(long position, int length) throws IOException {
    byte[] bytes = new byte[length];
    read(position, bytes, length);
    return bytes;
  }

  /** Reads so many bytes to the beginning of an array. */
  void read(long position, byte[] into, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(into, 0, length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new DamagedFileException("the file became shorter while it was read");
      }
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
