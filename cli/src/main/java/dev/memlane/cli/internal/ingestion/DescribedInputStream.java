package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.cli.internal.terminal.IoErrors;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A stream that opens its source when it is first read, and whose failures have messages for people. Not safe for use
 * by several threads.
 */
final class DescribedInputStream extends InputStream {

  private final Opener opener;
  private @Nullable InputStream opened;

  DescribedInputStream(Opener opener) {
    this.opener = opener;
  }

  /** Opens the source. */
  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }

  @Override
  public int read() throws IOException {
    try {
      return opened().read();
    } catch (IOException e) {
      throw described(e);
    }
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    try {
      return opened().read(into, offset, length);
    } catch (IOException e) {
      throw described(e);
    }
  }

  private InputStream opened() throws IOException {
    InputStream stream = opened;
    if (stream == null) {
      stream = opener.open();
      opened = stream;
    }
    return stream;
  }

  private static InputException described(IOException e) {
    return new InputException(IoErrors.describe(e), e);
  }

  @Override
  public void close() throws IOException {
    if (opened != null) {
      opened.close();
    }
  }
}
