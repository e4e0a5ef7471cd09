package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.StopSignal;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Standard input, which may be a person who types. While a read is in progress the stop signal knows it, so that ending
 * the program does not wait for more input. Not safe for use by several threads.
 */
final class StandardInput extends FilterInputStream {

  private final StopSignal stop;

  StandardInput(InputStream input, StopSignal stop) {
    super(input);
    this.stop = stop;
  }

  @Override
  public int read() throws IOException {
    stop.waitingForInput(true);
    try {
      return super.read();
    } finally {
      stop.waitingForInput(false);
    }
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    stop.waitingForInput(true);
    try {
      return super.read(into, offset, length);
    } finally {
      stop.waitingForInput(false);
    }
  }
}
